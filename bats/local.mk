# The suite that drives the built ocirun. `make check` runs the unit tests and bats/checks, which
# need neither root nor the kernel's help; `make bats` runs all of it, as root.
bats_environment = OCIRUN=$(abs_builddir)/ocirun OCIRUN_BUILD=$(abs_builddir)

check-local: ocirun
	@if test -n "$(BATS)"; then \
		$(bats_environment) $(srcdir)/bats/run -o tap/checks $(srcdir)/bats/checks; \
	else echo "bats is not installed: bats/checks did not run"; fi

# The installed program finds the installed monitor. Only root may see that.
installcheck-local:
	@if test -n "$(BATS)" && test "`id -u`" = 0; then \
		$(bats_environment) OCIRUN=$(DESTDIR)$(bindir)/ocirun \
			$(srcdir)/bats/run -o tap/installed $(srcdir)/bats/verbs/start.bats; fi

.PHONY: bats check-hardening bench measure soak
bats: all
	$(bats_environment) $(srcdir)/bats/run -o tap/bats $(srcdir)/bats

check-hardening: all
	$(bats_environment) $(srcdir)/bats/run -o tap/checks $(srcdir)/bats/checks/hardening.bats

bench: all
	$(bats_environment) $(srcdir)/bats/bench/bench.py

# The long form of bats/events/soak.bats; the figures are in its TAP.
soak: all
	OCIRUN_SOAK=1 OCIRUN_TEST_FILE_DEADLINE=10000 $(bats_environment) \
		$(srcdir)/bats/run -o tap/soak $(srcdir)/bats/events/soak.bats && cat tap/soak/events-soak.tap

measure:
	$(srcdir)/bats/checks/measure.py $(srcdir)

clean-local:
	rm -rf tap cache

# A test is found by its folder, so that adding one needs no line here.
dist-hook:
	cp -R $(srcdir)/bats $(distdir)/ && chmod -R u+w $(distdir)/bats
