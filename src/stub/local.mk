stub_files = src/stub/plan.h src/stub/stub.h src/stub/image.c src/stub/blob.S

# The stub is a program of its own: no C library where syscall.h can do without, and none of the
# user's CFLAGS, which are meant for programs that have one.
stub_sources = src/stub/stub.c src/stub/join.c src/stub/labels.c src/stub/limits.c src/stub/user.c src/stub/program.c \
	src/stub/hooks.c src/stub/internal.h src/stub/syscall.h
EXTRA_DIST += $(stub_sources)
BUILT_SOURCES += src/stub/stub
CLEANFILES += src/stub/stub

stub_flags = -std=gnu17 -O2 -Wall -Wextra -Wshadow -fno-pie -fno-stack-protector \
	-fno-asynchronous-unwind-tables -fno-unwind-tables -fomit-frame-pointer \
	-static -s -Wl,--build-id=none -Wl,-z,noexecstack -Wl,-z,noseparate-code
stub_freestanding_flags = -ffreestanding -fno-builtin -nostdlib -nostartfiles

src/stub/stub: $(stub_sources) src/stub/plan.h
	$(AM_V_GEN)$(MKDIR_P) src/stub && \
	macros=`$(CC) -dM -E -x c /dev/null` && \
	case "$$macros" in \
	*__ILP32__*) flags= ;; \
	*__x86_64__*) flags="$(stub_freestanding_flags) -fcf-protection=none" ;; \
	*__aarch64__*) flags="$(stub_freestanding_flags)" ;; \
	*) flags= ;; \
	esac && \
	$(CC) $(stub_flags) $$flags -I$(srcdir)/src -o $@ \
		$(filter %.c,$^)

src/stub/blob.$(OBJEXT): src/stub/stub
