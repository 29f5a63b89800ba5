# make          build popper
# make run      a demonstration service on 127.0.0.1, till Ctrl-C or make stop
# make check    all tests; make asan, crash, lint, fuzz stand beside it
# make bench    beside Dovecot and popa3d; also make bench-options and soak
# make install  into $(DESTDIR)$(PREFIX) and $(DESTDIR)$(SYSCONFDIR)

PREFIX = /usr/local
SYSCONFDIR = /etc/popper
MANDIR = $(PREFIX)/share/man
LIBEXECDIR = $(PREFIX)/lib/popper
EMPTYDIR = $(LIBEXECDIR)/empty
# where poplimit counts; gone with a reboot, like the sessions
RUNDIR = /run/popper
BUILD = build

# yes: popper is linked statically with musl, because glibc takes several
# times as long to start, and every connection starts it; no: as usual
STATIC = yes

# what a changed popper announces behind its version: make BANNER=-example
BANNER =
ifneq ($(shell printf %s '$(subst ','\'',$(BANNER))' | tr -d 'A-Za-z0-9.+_~-'),)
$(error BANNER has letters, digits and . + - _ ~ only)
endif

CC = cc
CFLAGS = -O2 -g
WARN = -Wall -Wextra -Wpedantic -Wshadow -Wstrict-prototypes \
    -Wmissing-prototypes -Wconversion -Wvla
HARDEN = -fstack-protector-strong -D_FORTIFY_SOURCE=2 -fPIE
ALL_CFLAGS = -std=c11 -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 \
    $(addprefix -iquote src/,lib auth drop popper tls) -iquote t/unit \
    -DPOPPER_CDB='"$(SYSCONFDIR)/cdb"' -DPOPPER_EMPTY='"$(EMPTYDIR)"' \
    -DPOPPER_LIBEXEC='"$(LIBEXECDIR)"' -DPOPPER_RUN='"$(RUNDIR)"' \
    $(if $(BANNER),-DPOPPER_BANNER='"$(BANNER)"') \
    $(WARN) $(HARDEN) $(CFLAGS)
ALL_LDFLAGS = -pie -Wl,-z,relro,-z,now $(LDFLAGS)
STATIC_LIBS = -Wl,-Bstatic -lcdb -lbearssl -lxxhash -lcrypt
LIBS = $(STATIC_LIBS) -Wl,-Bdynamic

# musl where Debian puts it.  The libraries' headers and the kernel's stand
# beside those of glibc, so they are linked into a folder of their own.
ARCH := $(subst -pc,,$(shell $(CC) -dumpmachine))
MUSL_INCLUDE = /usr/include/$(ARCH:-gnu=-musl)
MUSL_LIB = /usr/lib/$(ARCH:-gnu=-musl)
CC_INCLUDE := $(shell $(CC) -print-file-name=include)
MUSL_CFLAGS = -nostdinc -isystem src/musl -isystem $(BUILD)/musl/include \
    -isystem $(MUSL_INCLUDE) -isystem $(CC_INCLUDE)
MUSL_LDFLAGS = -static-pie -nostdlib -Wl,-z,relro,-z,now $(LDFLAGS)

LIB_SRC = $(wildcard src/lib/*.c)
AUTH_SRC = $(wildcard src/auth/*.c)
DROP_SRC = $(wildcard src/drop/*.c)
TLS_SRC = $(filter-out src/tls/main.c,$(wildcard src/tls/*.c))
MUSL_SRC = $(wildcard src/musl/*.c)
POPPER_SRC = $(filter-out src/popper/main.c,$(wildcard src/popper/*.c))
# a folder a program; what needs a library that musl cannot have is linked
# with glibc
TOOLS := $(notdir $(patsubst %/,%,$(wildcard src/tools/*/)))
GLIBC_TOOLS := $(filter poppam,$(TOOLS))
MUSL_TOOLS := $(filter-out $(GLIBC_TOOLS),$(TOOLS))
TOOL_SRC = $(wildcard src/tools/*/*.c)
poppam_LIBS = -lpam
UNIT_SHARED = t/unit/memio.c t/unit/scanref.c t/unit/scanrest.c \
    t/unit/tlspair.c
UNIT_SRC = $(filter-out $(UNIT_SHARED),$(wildcard t/unit/*.c))

obj = $(patsubst %.c,$(BUILD)/%.o,$(1))
# includes go down: popper before auth and drop, these and tls before lib
ARCHIVES = $(addprefix $(BUILD)/lib,popper.a auth.a drop.a tls.a base.a)
UNITS = $(patsubst t/unit/%.c,$(BUILD)/t/%.t,$(UNIT_SRC))
FUZZ_SRC = $(filter-out t/fuzz/replay.c,$(wildcard t/fuzz/*.c))
REPLAYS = $(patsubst t/fuzz/%.c,$(BUILD)/replay/%,$(FUZZ_SRC))
# scripts/fuzz has libFuzzer's main instead
FUZZ_MAIN = $(BUILD)/t/fuzz/replay.o

PROGRAMS = $(BUILD)/popper $(addprefix $(BUILD)/,$(TOOLS) poptls)

all: $(PROGRAMS)

$(BUILD)/libbase.a: $(call obj,$(LIB_SRC))
$(BUILD)/libauth.a: $(call obj,$(AUTH_SRC))
$(BUILD)/libdrop.a: $(call obj,$(DROP_SRC))
$(BUILD)/libpopper.a: $(call obj,$(POPPER_SRC))
$(BUILD)/libtls.a: $(call obj,$(TLS_SRC))

$(BUILD)/%.a:
	@mkdir -p $(@D)
	@rm -f $@ && ar rcs $@ $^

$(BUILD)/%.o: %.c $(BUILD)/flags
	@mkdir -p $(@D)
	@echo '  CC $<'
	@$(CC) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

# what was built with other flags is built anew
$(BUILD)/flags: FORCE
	@mkdir -p $(@D)
	@echo '$(CC) $(subst ','\'',$(ALL_CFLAGS)) $(STATIC)' | cmp -s - $@ || \
	    echo '$(CC) $(subst ','\'',$(ALL_CFLAGS)) $(STATIC)' >$@

ifeq ($(STATIC),yes)
# libc comes first, to lie beside popper's own code: fewer page faults
MUSL_OBJ = $(patsubst %.c,$(BUILD)/musl/%.o,$(LIB_SRC) $(AUTH_SRC) $(DROP_SRC) \
    $(POPPER_SRC) $(MUSL_SRC) src/popper/main.c)

# $(call musl_link,OBJECTS)
musl_link = $(CC) $(ALL_CFLAGS) $(MUSL_LDFLAGS) -o $@ $(MUSL_LIB)/rcrt1.o \
    $(MUSL_LIB)/crti.o $(1) $(MUSL_LIB)/libc.a $(STATIC_LIBS) \
    $(MUSL_LIB)/libc.a -lgcc $(MUSL_LIB)/crtn.o

$(BUILD)/popper: $(MUSL_OBJ)
	@echo '  LD $@'
	@$(call musl_link,$^)

# programs that need a part of what popper has
$(BUILD)/musl/libtools.a: $(patsubst %.c,$(BUILD)/musl/%.o,$(AUTH_SRC) \
    $(LIB_SRC) $(MUSL_SRC))

$(BUILD)/musl/libdrops.a: $(patsubst %.c,$(BUILD)/musl/%.o,$(POPPER_SRC) \
    $(DROP_SRC))

$(BUILD)/musl/libtls.a: $(patsubst %.c,$(BUILD)/musl/%.o,$(TLS_SRC))

$(BUILD)/poptls: $(BUILD)/musl/src/tls/main.o $(BUILD)/musl/libtls.a \
    $(BUILD)/musl/libtools.a
	@echo '  LD $@'
	@$(call musl_link,$^)

define musl_tool
$$(BUILD)/$(1): $$(patsubst %.c,$$(BUILD)/musl/%.o,$$(wildcard \
    src/tools/$(1)/*.c)) $$(BUILD)/musl/libdrops.a $$(BUILD)/musl/libtls.a \
    $$(BUILD)/musl/libtools.a
	@echo '  LD $$@'
	@$$(call musl_link,$$^)
endef
$(foreach tool,$(MUSL_TOOLS),$(eval $(call musl_tool,$(tool))))
else
$(BUILD)/popper: $(BUILD)/t/popper
	@cp $< $@

$(BUILD)/poptls: $(BUILD)/src/tls/main.o $(BUILD)/libtls.a $(BUILD)/libbase.a
	@echo '  LD $@'
	@$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $^ $(LIBS)

GLIBC_TOOLS += $(MUSL_TOOLS)
endif

define glibc_tool
$$(BUILD)/$(1): $$(patsubst %.c,$$(BUILD)/%.o,$$(wildcard \
    src/tools/$(1)/*.c)) $$(addprefix $$(BUILD)/lib,popper.a drop.a auth.a \
    tls.a base.a)
	@echo '  LD $$@'
	@$$(CC) $$(ALL_CFLAGS) $$(ALL_LDFLAGS) -o $$@ $$^ $$(LIBS) $$($(1)_LIBS)
endef
$(foreach tool,$(GLIBC_TOOLS),$(eval $(call glibc_tool,$(tool))))

# the shim can be loaded into this one
$(BUILD)/t/popper: $(call obj,src/popper/main.c) $(ARCHIVES)
	@mkdir -p $(@D)
	@echo '  LD $@'
	@$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $^ $(LIBS)

$(BUILD)/musl/src/musl/%.o: src/musl/%.c $(BUILD)/flags $(BUILD)/musl/include
	@mkdir -p $(@D)
	@echo '  CC $< (musl)'
	@$(CC) $(MUSL_CFLAGS) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

$(BUILD)/musl/%.o: %.c $(BUILD)/flags $(BUILD)/musl/include
	@mkdir -p $(@D)
	@echo '  CC $< (musl)'
	@$(CC) $(MUSL_CFLAGS) $(ALL_CFLAGS) -include src/musl/compat.h -MMD -MP \
	    -c -o $@ $<

$(BUILD)/musl/include:
	@[ -e $(MUSL_LIB)/libc.a ] || { echo 'musl-dev is missing:' \
	    'make deps, or make STATIC=no' >&2; exit 1; }
	@mkdir -p $@
	@ln -sfn /usr/include/linux /usr/include/asm-generic \
	    /usr/include/$(ARCH)/asm /usr/include/bearssl \
	    $(wildcard /usr/include/bearssl*.h) /usr/include/cdb.h \
	    /usr/include/crypt.h /usr/include/xxhash.h $@

# as can into this one
$(BUILD)/t/popuidl: $(call obj,$(wildcard src/tools/popuidl/*.c)) $(ARCHIVES)
	@mkdir -p $(@D)
	@echo '  LD $@'
	@$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $^ $(LIBS)

# one that moves mail by small windows
$(BUILD)/t/shift.o: src/drop/shift.c $(BUILD)/flags
	@mkdir -p $(@D)
	@$(CC) $(ALL_CFLAGS) -DSHIFT_WINDOW=2048 -MMD -MP -c -o $@ $<

$(BUILD)/t/popper-windows: $(call obj,src/popper/main.c) $(BUILD)/t/shift.o \
    $(ARCHIVES)
	@echo '  LD $@'
	@$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $^ $(LIBS)

# and one that takes blocks out also of small spools
$(BUILD)/t/collapse.o: src/drop/collapse.c $(BUILD)/flags
	@mkdir -p $(@D)
	@$(CC) $(ALL_CFLAGS) -DCOLLAPSE_BEHIND=1000 -MMD -MP -c -o $@ $<

# and has a cache grow
$(BUILD)/t/cache.o: src/drop/cache.c $(BUILD)/flags
	@mkdir -p $(@D)
	@$(CC) $(ALL_CFLAGS) -DCACHE_SMALL=1000 -MMD -MP -c -o $@ $<

$(BUILD)/t/popper-collapse: $(call obj,src/popper/main.c) \
    $(BUILD)/t/collapse.o $(BUILD)/t/cache.o $(ARCHIVES)
	@echo '  LD $@'
	@$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $^ $(LIBS)

# and one whose front or session is somebody else's
$(BUILD)/t/popper-hostile: $(call obj,src/popper/main.c) \
    $(call obj,t/hostile/hostile.c) $(ARCHIVES)
	@echo '  LD $@'
	@$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -Wl,--wrap=session_loop -o $@ $^ \
	    $(LIBS)

$(BUILD)/t/%.t: $(BUILD)/t/unit/%.o $(call obj,$(UNIT_SHARED)) $(ARCHIVES)
	@mkdir -p $(@D)
	@echo '  LD $@'
	@$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $(filter %.o,$^) \
	    $(ARCHIVES) -lcmocka $(LIBS)

# of a program, not of a library
$(BUILD)/t/ask.t: $(call obj,src/tools/popauth/ask.c)

flags:
	@printf '%s\n' '$(subst ','\'',$(ALL_CFLAGS))'

# popper itself is linked without it
$(BUILD)/t/faults.so: $(wildcard t/shim/*.c) t/shim/shim.h
	@mkdir -p $(@D)
	@echo '  LD $@'
	@$(CC) -std=c11 -D_GNU_SOURCE -O2 -Wall -Wextra -fPIC -shared -o $@ \
	    $(filter %.c,$^)

$(BUILD)/replay/%: $(BUILD)/t/fuzz/%.o $(call obj,$(UNIT_SHARED)) $(FUZZ_MAIN) \
    $(ARCHIVES)
	@mkdir -p $(@D)
	@echo '  LD $@'
	@$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $^ $(LIBS)

deps:
	@scripts/install-deps build

deps-check:
	@scripts/install-deps check

run: deps
	@$(MAKE) --no-print-directory all
	@BUILD=$(BUILD) scripts/demo start

stop:
	@BUILD=$(BUILD) scripts/demo stop

check: deps-check
	@$(MAKE) --no-print-directory test

test: all $(UNITS) $(REPLAYS) $(BUILD)/t/faults.so $(BUILD)/t/popper \
    $(BUILD)/t/popper-windows $(BUILD)/t/popper-collapse \
    $(BUILD)/t/popper-hostile $(BUILD)/t/popuidl
	BUILD=$(BUILD) scripts/check $(UNITS)

# a sanitizer's crypt(3) calls the one that is loaded at the start, and
# modules of PAM load it later
asan:
	@scripts/install-deps check
	@$(MAKE) --no-print-directory test BUILD=build/asan \
	    STATIC=no poppam_LIBS='-lpam -lcrypt' CFLAGS='-O1 -g -fsanitize=address,undefined -fno-omit-frame-pointer -fno-sanitize-recover=undefined' \
	    HARDEN=-fPIE

crash: deps-check
	@$(MAKE) --no-print-directory all $(BUILD)/t/popper-windows \
	    $(BUILD)/t/popper-collapse
	@BUILD=$(BUILD) scripts/crash

lint:
	@scripts/install-deps check
	@scripts/lint

fuzz:
	@scripts/install-deps check
	@scripts/fuzz

tls-check:
	@scripts/install-deps scan
	@$(MAKE) --no-print-directory all
	@BUILD=$(abspath $(BUILD)) prove -v t/scan/testssl.t

bench: deps-check
	@$(MAKE) --no-print-directory all
	@BUILD=$(BUILD) bench/run

bench-options: deps-check
	@$(MAKE) --no-print-directory all
	@BUILD=$(BUILD) bench/options

soak: deps-check
	@$(MAKE) --no-print-directory all
	@BUILD=$(BUILD) bench/soak

install: all
	PREFIX='$(PREFIX)' SYSCONFDIR='$(SYSCONFDIR)' MANDIR='$(MANDIR)' \
	    LIBEXECDIR='$(LIBEXECDIR)' EMPTYDIR='$(EMPTYDIR)' \
	    RUNDIR='$(RUNDIR)' DESTDIR='$(DESTDIR)' BUILD='$(BUILD)' scripts/install

uninstall:
	PREFIX='$(PREFIX)' SYSCONFDIR='$(SYSCONFDIR)' MANDIR='$(MANDIR)' \
	    LIBEXECDIR='$(LIBEXECDIR)' EMPTYDIR='$(EMPTYDIR)' \
	    DESTDIR='$(DESTDIR)' scripts/install --remove

clean:
	rm -rf $(BUILD)

realclean: clean

FORCE:
.PHONY: all deps deps-check run stop check test asan crash lint fuzz tls-check \
    bench bench-options soak flags install uninstall clean realclean FORCE
.SECONDARY:

-include $(wildcard $(addprefix $(BUILD)/,$(addsuffix /*.d,src/lib src/auth \
    src/drop src/popper src/tls src/tools/* t t/unit t/fuzz t/hostile \
    musl/src/lib musl/src/auth musl/src/drop musl/src/popper musl/src/tls \
    musl/src/tools/* musl/src/musl)))
