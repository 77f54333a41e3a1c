# bats/checks/man.bats holds the pages of section 8 against --help.
dist_man_MANS += doc/man/ocirun.8 doc/man/ocirun-create.8 doc/man/ocirun-start.8 \
	doc/man/ocirun-run.8 doc/man/ocirun-exec.8 doc/man/ocirun-kill.8 doc/man/ocirun-delete.8 doc/man/ocirun-state.8 \
	doc/man/ocirun-pause.8 doc/man/ocirun-resume.8 doc/man/ocirun-update.8 doc/man/ocirun-ps.8 \
	doc/man/ocirun-list.8 doc/man/ocirun-spec.8 doc/man/ocirun-features.8 doc/man/ocirun.conf.5
dist_doc_DATA += doc/architecture.md doc/conventions.md doc/testing.md doc/security.md doc/performance.md \
	doc/spec-coverage.md doc/annotations.md doc/mounts.md

# Files to copy into the configuration of clients, and a program of the library's; the suites of
# bats/clients and bats/events run with these very ones.
exampledir = $(docdir)/examples
dist_doc_DATA += doc/clients.md
dist_example_DATA = doc/examples/ocirun.conf doc/examples/podman-ocirun.conf doc/examples/crio-ocirun.conf doc/examples/runtimeclass.yaml \
	doc/examples/containerd-config.toml doc/examples/docker-daemon.json doc/examples/follow-all.c \
	doc/examples/rsyslog-ocirun.conf doc/examples/syslog-ng-ocirun.conf
