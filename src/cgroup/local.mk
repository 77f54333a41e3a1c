cgroup_files = src/cgroup/cgroup.h
