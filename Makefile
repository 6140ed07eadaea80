# schemasyncd. `make help` lists the targets; README.md tells the rest.
#
# Variants live side by side: build/release, build/san (ASan + UBSan). VARIANT=san chooses one. V=1 shows each command.

VARIANT ?= release
BUILD   := build/$(VARIANT)
PREFIX  ?= /usr/local
VERSION := $(shell cat VERSION)

CC         ?= gcc
Q          := $(if $(V),,@)
PACKAGES   := libsystemd libcurl libcjson libpq yaml-0.1 libmicrohttpd libcrypto
PKG_CFLAGS := $(shell pkg-config --cflags $(PACKAGES) 2>/dev/null)
PKG_LIBS   := $(shell pkg-config --libs $(PACKAGES) 2>/dev/null)

WARNINGS := -Wall -Wextra -Werror -Wshadow -Wconversion -Wvla -Wstrict-prototypes -Wmissing-prototypes \
            -Wformat=2 -Wundef -Wpointer-arith -Wcast-qual -Wwrite-strings -Wimplicit-fallthrough
HARDENING_release := -O2 -D_FORTIFY_SOURCE=2 -fstack-protector-strong -fstack-clash-protection -fcf-protection
HARDENING_fuzz    := -O1 -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
HARDENING_san     := -O1 -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
CFLAGS  += -std=gnu11 -g $(WARNINGS) $(HARDENING_$(VARIANT)) -fPIE -D_GNU_SOURCE -DSCHEMASYNCD_VERSION='"$(VERSION)"'
CPPFLAGS += -Idaemon -I$(BUILD)/generated $(patsubst -I%,-isystem %,$(PKG_CFLAGS))
LDFLAGS += -pie -Wl,-z,relro,-z,now $(if $(filter san fuzz,$(VARIANT)),-fsanitize=address$(comma)undefined)
comma   := ,

SOURCES   := $(sort $(wildcard daemon/*.c daemon/*/*.c))
OBJECTS   := $(SOURCES:%.c=$(BUILD)/%.o) $(BUILD)/generated/sql_files.o
LIBRARY   := $(BUILD)/libschemasyncd.a
PROGRAM   := $(BUILD)/schemasyncd
SQL_FILES := $(sort $(wildcard sql/migrations/*.sql)) $(sort $(wildcard sql/functions/*.sql)) \
             $(sort $(wildcard sql/views/*.sql)) $(sort $(wildcard sql/queries/*.sql))

SIMULATOR         := $(BUILD)/simulator
SIMULATOR_OBJECTS := $(patsubst %.c,$(BUILD)/%.o,$(sort $(wildcard tests/simulator/*.c)))
UNIT_TESTS        := $(patsubst tests/unit/%.c,$(BUILD)/unit/%,$(sort $(wildcard tests/unit/*/test_*.c)))
SUPPORT_OBJECTS   := $(patsubst %.c,$(BUILD)/%.o,$(sort $(wildcard tests/support/*.c)))
INTEGRATION_TESTS := $(patsubst tests/integration/%.c,$(BUILD)/integration/%,$(sort $(wildcard tests/integration/test_*.c)))
SYSTEM_TESTS      := $(patsubst tests/system/%.c,$(BUILD)/system/%,$(sort $(wildcard tests/system/test_*.c)))
FUZZERS           := $(patsubst tests/fuzz/%.c,$(BUILD)/fuzz/%,$(sort $(wildcard tests/fuzz/fuzz_*.c)))

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.SECONDARY:
.PHONY: deb deb-test docs fuzz fuzzers all help deps programs tests unit unit-programs integration system systemd-test simulator-test check check-long check-peers san lint demo install clean format

all: $(PROGRAM) ## build the program
	@[ $(VARIANT) != release ] || ln -sfn release/schemasyncd build/schemasyncd

programs: all $(SIMULATOR)

help: ## what there is to make
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 16

deps: ## install what building and testing need (Debian 12)
	@.ci/deps

$(LIBRARY): $(filter-out $(BUILD)/daemon/main.o,$(OBJECTS))
	@rm -f $@
	$(Q)$(AR) rcs $@ $^

$(PROGRAM): $(BUILD)/daemon/main.o $(LIBRARY)
	@echo '  LINK  $@'
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(PKG_LIBS)

$(SIMULATOR): $(SIMULATOR_OBJECTS)
	@echo '  LINK  $@'
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(PKG_LIBS) -lz -lpthread

$(BUILD)/unit/%: $(BUILD)/tests/unit/%.o $(LIBRARY)
	@mkdir -p $(@D)
	@echo '  LINK  $@'
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(PKG_LIBS) -lcmocka -lpthread

$(BUILD)/integration/%: $(BUILD)/tests/integration/%.o $(SUPPORT_OBJECTS) $(LIBRARY)
	@mkdir -p $(@D)
	@echo '  LINK  $@'
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(PKG_LIBS) -lcmocka -lpthread

$(BUILD)/system/%: $(BUILD)/tests/system/%.o $(SUPPORT_OBJECTS) $(LIBRARY)
	@mkdir -p $(@D)
	@echo '  LINK  $@'
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(PKG_LIBS) -lcmocka -lpthread

# Over the seeds alone; `make fuzz` links the same files with libFuzzer.
$(BUILD)/fuzz/fuzz_%: $(BUILD)/tests/fuzz/fuzz_%.o $(if $(filter fuzz,$(VARIANT)),,$(BUILD)/tests/fuzz/replay.o) $(LIBRARY)
	@mkdir -p $(@D)
	@echo '  LINK  $@'
	$(Q)$(CC) $(LDFLAGS) $(if $(filter fuzz,$(VARIANT)),-fsanitize=fuzzer) -o $@ $^ $(PKG_LIBS)

$(BUILD)/peers/%: $(BUILD)/tests/peers/%.o $(LIBRARY)
	@mkdir -p $(@D)
	@echo '  LINK  $@'
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(PKG_LIBS)

$(BUILD)/tests/%.o: CPPFLAGS += -Itests/support
$(BUILD)/%.o: %.c Makefile VERSION
	@mkdir -p $(@D)
	@echo '  CC    $@'
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

$(BUILD)/generated/sql_files.c: $(SQL_FILES) sql/embed.awk Makefile
	@mkdir -p $(@D)
	@echo '  SQL   $@'
	$(Q)awk -f sql/embed.awk $(SQL_FILES) > $@

$(BUILD)/generated/sql_files.o: $(BUILD)/generated/sql_files.c
	@echo '  CC    $@'
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

tests: programs $(UNIT_TESTS) $(INTEGRATION_TESTS) $(SYSTEM_TESTS) $(FUZZERS)

unit-programs: $(UNIT_TESTS) $(FUZZERS)

unit: $(UNIT_TESTS) $(FUZZERS) ## unit tests
	tests/run-tests "$(BUILD)" unit

integration: programs $(INTEGRATION_TESTS) ## tests of the whole program against the simulator and a private PostgreSQL
	tests/run-tests "$(BUILD)" integration

system: programs $(SYSTEM_TESTS) ## tests of the daemon: killed, paused, cut off, reloaded; SCHEMASYNCD_LONG=1: for long
	tests/run-tests "$(BUILD)" system

systemd-test: programs ## under a real systemd that is thrown away afterwards; needs root and a cgroup2 hierarchy
	SCHEMASYNCD=$(abspath $(PROGRAM)) SIMULATOR=$(abspath $(SIMULATOR)) tests/support/with_systemd.sh bash tests/systemd/run.sh

simulator-test: $(SIMULATOR) ## the simulator's own test
	SIMULATOR=$(SIMULATOR) tests/simulator/selftest.sh

check-peers: $(SIMULATOR) $(BUILD)/peers/sign ## the simulator and signatures against code of others; needs node, npm and its registry
	tests/peers/run "$(BUILD)"

check: deps ## all tests; installs what is missing
	@$(MAKE) --no-print-directory tests
	tests/run-tests "$(BUILD)" all

check-long: tests ## the tests of the daemon with the numbers that it promises: 20,000 passes, a lease and a database away by the clock; half an hour
	SCHEMASYNCD_LONG=1 TEST_TIMEOUT=3600 tests/run-tests "$(BUILD)" system

san: ## all tests under ASan and UBSan
	@$(MAKE) --no-print-directory VARIANT=san tests
	tests/run-tests build/san all

FUZZ_SECONDS ?= 600
fuzz: ## fuzz each parser for FUZZ_SECONDS (600); needs clang
	@$(MAKE) --no-print-directory VARIANT=fuzz BUILD=build/fuzzed CC=clang fuzzers
	tests/fuzz/run build/fuzzed/fuzz $(FUZZ_SECONDS)

fuzzers: $(FUZZERS)

lint: ## layers, formatting, clang-tidy, cppcheck
	tests/lint/run

demo: deps ## the program at work: a mirror, drift, and what a user sees of it
	@$(MAKE) --no-print-directory programs
	tests/demo/run "$(BUILD)"

format: ## clang-format over all C
	clang-format -i $$(git ls-files '*.c' '*.h')

UNITDIR ?= $(PREFIX)/lib/systemd/system
MANDIR  ?= $(PREFIX)/share/man
BASHDIR ?= $(PREFIX)/share/bash-completion/completions
ZSHDIR  ?= $(PREFIX)/share/zsh/site-functions
SHARE   := $(DESTDIR)$(PREFIX)/share/schemasyncd
DOC     := $(DESTDIR)$(PREFIX)/share/doc/schemasyncd
# Paths in units and manual pages, which stand there as for /usr/local and for /usr.
RELOCATE := sed 's,/usr/local/bin/schemasyncd,$(PREFIX)/bin/schemasyncd,g; s,/usr\(/local\)\?/share/\(doc/\)\?schemasyncd,$(PREFIX)/share/\2schemasyncd,g'

install: all ## install to $(DESTDIR)$(PREFIX)
	install -D -m 0755 $(PROGRAM) $(DESTDIR)$(PREFIX)/bin/schemasyncd
	install -d $(DESTDIR)$(UNITDIR) $(DESTDIR)$(PREFIX)/lib/systemd/catalog $(DOC)/systemd $(SHARE)/events $(SHARE)/sql
	install -d $(addprefix $(DESTDIR)$(MANDIR)/,man5 man7 man8) $(DESTDIR)$(BASHDIR) $(DESTDIR)$(ZSHDIR)
	install -m 0644 config/events/*.schema.json $(SHARE)/events
	install -m 0644 config/schemasyncd.schema.json config/prometheus-rules.yaml $(SHARE)
	install -m 0644 sql/roles.sql $(SHARE)/sql
	install -m 0644 config/schemasyncd.yaml $(wildcard README.md) LICENSE $(DOC)
	install -m 0644 systemd/examples/*.conf $(DOC)/systemd
	install -m 0644 systemd/schemasyncd.catalog $(DESTDIR)$(PREFIX)/lib/systemd/catalog
	install -m 0644 completions/schemasyncd.bash $(DESTDIR)$(BASHDIR)/schemasyncd
	install -m 0644 completions/_schemasyncd $(DESTDIR)$(ZSHDIR)
	for unit in schemasyncd.service schemasyncd@.service; do \
	    $(RELOCATE) systemd/$$unit > $(DESTDIR)$(UNITDIR)/$$unit && chmod 0644 $(DESTDIR)$(UNITDIR)/$$unit || exit 1; \
	done
	for page in schemasyncd.8 schemasyncd.yaml.5 schemasync-tables.7; do \
	    file=$(DESTDIR)$(MANDIR)/man$${page##*.}/$$page && $(RELOCATE) docs/man/$$page > $$file && chmod 0644 $$file || exit 1; \
	done

deb: ## the Debian package, in build/deb; needs debhelper (.ci/deps --package)
	tests/package/build build/deb

deb-test: ## the package built, checked by lintian, installed, upgraded and purged in a fresh Debian; needs root and, once, a download
	tests/package/run

docs: $(PROGRAM) ## make manual pages, completions and the configuration's JSON Schema anew
	tests/support/with_postgres.sh docs/make $(PROGRAM) .

clean: ## remove what was built
	rm -rf build

-include $(OBJECTS:.o=.d) $(SIMULATOR_OBJECTS:.o=.d) $(SUPPORT_OBJECTS:.o=.d) \
         $(patsubst $(BUILD)/unit/%,$(BUILD)/tests/unit/%.d,$(UNIT_TESTS)) \
         $(patsubst $(BUILD)/integration/%,$(BUILD)/tests/integration/%.d,$(INTEGRATION_TESTS)) \
         $(patsubst $(BUILD)/system/%,$(BUILD)/tests/system/%.d,$(SYSTEM_TESTS))
