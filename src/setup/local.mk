setup_files = src/setup/step.c src/setup/step.h src/setup/setup.h

# From the process section to the stub's plan.
setup_files += src/setup/namespaces.c src/setup/namespaces.h src/setup/hostname.c \
	src/setup/sysctl.c src/setup/keyring.c src/setup/process.c \
	src/setup/procfs.c src/setup/procfs.h src/setup/id_maps.c src/setup/id_maps.h \
	src/setup/command.c src/setup/command.h src/setup/hooks.c src/setup/hooks.h \
	src/setup/capabilities.c src/setup/capabilities.h \
	src/setup/seccomp.c src/setup/seccomp.h \
	src/setup/plan.c src/setup/plan_report.c src/setup/plan.h
