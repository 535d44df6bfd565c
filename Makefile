# SPDX-License-Identifier: GPL-2.0-only
#
# make                  the module for the running kernel, and the tools
# make install          the tools and the module (sudo)
# make dkms-install     the module through DKMS (sudo)
# make demo check bench lint shell     everything else, in a virtual machine
# make check-debug        the tests on a kernel with every sanitizer, for hours;
#                         TESTS="map force" only some
#
# KDIR= names another kernel's build tree, DESTDIR= and PREFIX= where to install.

BUILD := $(CURDIR)/build
PREFIX ?= /usr/local
KVER ?= $(shell uname -r)
KDIR ?= /lib/modules/$(KVER)/build
DKMS ?= dkms
NAME := nflua
VERSION := $(shell sed -n 's/^PACKAGE_VERSION="\(.*\)"/\1/p' dkms.conf)
DKMS_TREE := $(DESTDIR)/usr/src/$(NAME)-$(VERSION)

export PREFIX DESTDIR

.PHONY: all module userspace lua-host stage install uninstall dkms-stage \
	dkms-install dkms-uninstall demo check check-debug bench lint shell clean distclean help

all: module userspace

help:
	@sed -n '/^#/!q; s/^# \{0,1\}//p' Makefile | sed 1,2d

# The release that KDIR is of; without headers there is only KVER to go by.
release = $(or $(shell $(MAKE) -s -C $(KDIR) kernelrelease 2>/dev/null),$(KVER))
# What the tree is built in.
kmod = $(BUILD)/kmod/$(release)

module:
	@test -e $(KDIR)/Makefile || { echo "make: no kernel headers in $(KDIR); install linux-headers-$(KVER) or give KDIR=" >&2; exit 1; }
	scripts/stage $(kmod)
	$(MAKE) -C $(KDIR) M=$(kmod) modules

lua-host:
	lua/fetch
	$(MAKE) -f lua/host.mk BUILD=$(BUILD)

userspace: lua-host
	$(MAKE) -C userspace BUILD=$(BUILD)

install: all
	$(MAKE) -C userspace BUILD=$(BUILD) install
	$(MAKE) -C $(KDIR) M=$(kmod) INSTALL_MOD_PATH=$(DESTDIR) modules_install
	$(if $(DESTDIR),,depmod $(release))

# "extra" or "updates": modules_install has its own mind.
uninstall:
	$(MAKE) -C userspace BUILD=$(BUILD) uninstall
	rm -f $(DESTDIR)/lib/modules/$(release)/extra/nflua.ko* \
		$(DESTDIR)/lib/modules/$(release)/updates/nflua.ko*
	$(if $(DESTDIR),,depmod $(release))

# A source tree that dkms builds without a network.
dkms-stage:
	scripts/stage $(DKMS_TREE)
	install -m 644 dkms.conf LICENSE $(DKMS_TREE)/

dkms-install: dkms-stage
	$(DKMS) add -m $(NAME) -v $(VERSION) || $(DKMS) status -m $(NAME) -v $(VERSION) | grep -q .
	$(DKMS) install --force -m $(NAME) -v $(VERSION) -k $(KVER)

dkms-uninstall:
	$(DKMS) remove -m $(NAME) -v $(VERSION) --all
	rm -rf $(DKMS_TREE)

demo:
	scripts/demo

check:
	scripts/check

check-debug:
	KERNEL=debug NEWEST= NFLUA_SLOW=10 VM_TIMEOUT=30000 scripts/check $(or $(TESTS),$(shell selftests/run -l))

bench:
	scripts/bench

lint:
	scripts/lint

shell:
	scripts/vm shell

# Keeps what was fetched.
clean:
	find $(BUILD) -mindepth 1 -maxdepth 1 ! -name cache -exec rm -rf {} + 2>/dev/null || true

distclean:
	rm -rf $(BUILD)
