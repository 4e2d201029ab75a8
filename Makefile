# The front door. `make help` tells. ARCH=arm64 boots, builds for and measures that architecture in its guests.

ARCH      ?= $(subst aarch64,arm64,$(subst x86_64,amd64,$(shell uname -m)))
KERNEL    ?= 6.1-$(ARCH)
PREFIX    ?= /usr/local
DESTDIR   ?=
KERNELDIR ?= /lib/modules/$(shell uname -r)/build
VM        := tests/qemu/vm --kernel $(KERNEL)

help:
	@sed -n '/^# make /,/^[^#]/s/^# //p' Makefile

# make demo         Redis, stock against elevated, in a guest that counts instructions
demo:
	@echo "==> demo in a guest with kernel $(KERNEL)"
	$(VM) --icount --timeout 600 -- bench/demo --icount

# make check        everything that must hold; TESTS="kmod/*" and BOOTS="default" narrow it down. KERNELS=all: on every
#                   kernel of tests/qemu/kernels, and the demo, for the table of docs/SUPPORT.md; or KERNELS="6.12-amd64 7.2-amd64"
KERNELS ?=
check:
	@$(if $(KERNELS),tests/matrix $(KERNELS) --,tests/check --kernel $(KERNEL)) \
		$(BOOTS:%=--boot %) $(foreach glob,$(TESTS),'$(glob)')

# make equiv        the gate against system calls, every single argument on every descriptor: half an hour
equiv:
	$(VM) --timeout 7200 -- sh -c '"$$RIG_BUILD"/tests/equiv/equiv --all --seconds 300 && \
		"$$RIG_BUILD"/tests/equiv/equiv --all --seconds 300 --mode bracketed'

# make fuzz         the system call and the environment parser with rubbish, 10 minutes each, half as root, half as nobody
fuzz:
	$(VM) --timeout 2400 -- sh -c '"$$RIG_BUILD"/tests/fuzz/kelevate --seconds 600 && \
		"$$RIG_BUILD"/tests/fuzz/env --seconds 600'

# make soak         2 million requests to an elevated Redis, every reply right: 6 minutes
soak:
	$(VM) --timeout 7200 -- bench/soak

# make soak-mixed   everything at once on Redis and memcached: half an hour, or SOAK=seconds
SOAK ?= 1800
soak-mixed:
	$(VM) --timeout $$(($(SOAK) * 2 + 1200)) -- tests/long/soak-mixed $(SOAK)

# make redis-suite  Redis's own tests, elevated, and stock where one fails: hours; UNITS="unit/protocol" chooses some
redis-suite:
	tests/long/redis-suite --kernel $(KERNEL) $(UNITS)

# make check-debug  everything in guests with a kernel that checks itself; its first time compiles it: an hour more
check-debug:
	@tests/check --no-lint --kernel 6.1-debug-$(ARCH) $(foreach boot,$(or $(BOOTS),default audit load),--boot $(boot)) \
		$(foreach glob,$(TESTS),'$(glob)')

# make bench        measurements, in guests, with a report; hours, or QUICK=1 for minutes
bench:
	bench/run --kernel $(KERNEL) $(if $(QUICK),--quick)

# make shell        a shell in a guest with the module loaded
shell:
	$(VM) --shell

# make all          shim and command, for this machine
all:
	$(MAKE) -C shim
	$(MAKE) -C tools

# make module       the module, for this machine's kernel, or the one that KERNELDIR was made for
module:
	$(MAKE) -C $(KERNELDIR) M=$(CURDIR)/kmod modules

# make install      module, shim and command on this machine (DESTDIR, PREFIX, KERNELDIR)
install: all module
	$(MAKE) -C shim install DESTDIR=$(DESTDIR) PREFIX=$(PREFIX)
	$(MAKE) -C tools install DESTDIR=$(DESTDIR) PREFIX=$(PREFIX)
	$(MAKE) -C $(KERNELDIR) M=$(CURDIR)/kmod modules_install INSTALL_MOD_DIR=updates \
		$(if $(DESTDIR),INSTALL_MOD_PATH=$(DESTDIR)) $(signing)
	$(if $(DESTDIR),,depmod $(kernel_release))

# make dkms-install shim and command, and the module by DKMS: for this kernel and, as they come, others (DKMS_KERNEL).
#                   What install installed before would be found first, and goes
DKMS_KERNEL ?= $(shell uname -r)
version  = $(shell sed -n 's/^MODULE_VERSION("\(.*\)").*/\1/p' kmod/main.c)
dkms_dir = $(DESTDIR)/usr/src/kelevate-$(version)
dkms-install: all
	$(MAKE) -C shim install DESTDIR=$(DESTDIR) PREFIX=$(PREFIX)
	$(MAKE) -C tools install DESTDIR=$(DESTDIR) PREFIX=$(PREFIX)
	$(if $(DESTDIR),,-dkms remove kelevate/$(version) --all >/dev/null 2>&1)
	$(remove_modules)
	rm -rf $(dkms_dir)
	cd kmod && find . \( -name '*.[chS]' -o -name '*.def' -o -name Kbuild -o -path './compat/probe*' \) \
		! -name '*.mod.c' ! -name have.h -exec install -D -m 644 {} $(dkms_dir)/{} \;
	sed 's/@VERSION@/$(version)/' kmod/dkms.conf >$(dkms_dir)/dkms.conf
	$(if $(DESTDIR),,dkms add kelevate/$(version) && dkms install kelevate/$(version) -k $(DKMS_KERNEL))

# make dkms-uninstall removes what dkms-install installed, for every kernel
dkms-uninstall:
	$(MAKE) -C shim uninstall DESTDIR=$(DESTDIR) PREFIX=$(PREFIX)
	$(MAKE) -C tools uninstall DESTDIR=$(DESTDIR) PREFIX=$(PREFIX)
	$(if $(DESTDIR),,dkms remove kelevate/$(version) --all)
	rm -rf $(dkms_dir)

# make dkms-check   DKMS with one kernel, then a second one that is installed, in a root of its own; loads both in guests
dkms-check:
	tests/long/dkms $(ARCH)

# make native-check module (by DKMS), shim and command built by a guest's own compiler, and used there: a quarter of an hour
native-check:
	tests/long/native --kernel $(KERNEL)

# make uninstall    removes what install installed, for every kernel
uninstall:
	$(MAKE) -C shim uninstall DESTDIR=$(DESTDIR) PREFIX=$(PREFIX)
	$(MAKE) -C tools uninstall DESTDIR=$(DESTDIR) PREFIX=$(PREFIX)
	$(remove_modules)

# make clean        removes what was built (fetched kernels stay in the cache)
clean:
	rm -rf build
	$(MAKE) -C shim clean
	$(MAKE) -C tools clean
	find kmod tests/kmod -name '*.o' -o -name '*.ko' -o -name '*.mod' -o -name '*.mod.c' -o -name '.*.cmd' \
		-o -name modules.order -o -name Module.symvers 2>/dev/null | xargs -r rm -f

# Debian's headers answer `make kernelrelease` with the upstream version; this is what uname says.
kernel_release = $(shell sed -n 's/.*UTS_RELEASE "\(.*\)"/\1/p' $(KERNELDIR)/include/generated/utsrelease.h)
# What install has installed for this kernel and others, whether their headers are still there or not.
define remove_modules
	@for module in $(DESTDIR)/lib/modules/*/updates/kelevate.ko*; do \
		[ -e "$$module" ] || continue; \
		rm -v "$$module" || exit 1; \
		[ -z "$(DESTDIR)" ] || continue; \
		release=$${module#/lib/modules/}; \
		depmod "$${release%%/*}" || exit 1; \
	done
endef
# Headers of a distribution come without its key: do not try to sign.
signing = $(if $(wildcard $(KERNELDIR)/certs/signing_key.pem),,CONFIG_MODULE_SIG_ALL=)

.PHONY: help demo check check-debug equiv fuzz soak soak-mixed redis-suite bench shell all module install uninstall \
	dkms-install dkms-uninstall dkms-check native-check clean
