# SPDX-License-Identifier: GPL-2.0-only
#
# Lua's part of nflua.ko, included by the module's Kbuild with the Lua source in
# lua/ and this folder in lua/kernel/.

lua-core := lapi lauxlib lbaselib lcode lcorolib lctype ldebug ldo ldump lfunc lgc llex \
	lmathlib lmem lobject lopcodes lparser lstate lstring lstrlib ltable ltablib \
	ltm lundump lutf8lib lvm lzio
lua-shim := shim openlibs platform

lua-objs := $(patsubst %,lua/%.o,$(lua-core)) $(patsubst %,lua/kernel/%.o,$(lua-shim))

nflua-y += $(lua-objs)
nflua-$(CONFIG_X86_64) += lua/kernel/setjmp_x86_64.o
nflua-$(CONFIG_ARM64) += lua/kernel/setjmp_arm64.o

ccflags-y += -I$(src)/lua -I$(src)/lua/kernel -I$(src)/lua/kernel/include

# Errors jump over frames. function_graph would be left with return addresses of
# frames that are gone, and KASAN with poison: neither may see a function that can
# be jumped over, which is any of the module's.
ccflags-remove-y += $(CC_FLAGS_FTRACE)
# The kernel's own asan-stack=1 comes last in the command line, with CFLAGS_KASAN.
ifdef CONFIG_KASAN_STACK
CFLAGS_KASAN += $(call cc-option,--param asan-stack=0,-mllvm -asan-stack=0)
endif

# Upstream says FALLTHROUGH in comments, not with the kernel's attribute. Its
# buffers on the stack are large, and zeroing them for nothing takes longer than
# what they are for.
lua-cflags := -include $(src)/lua/kernel/lua_config.h -Wimplicit-fallthrough=3
lua-cflags += $(call cc-option,-ftrivial-auto-var-init=uninitialized)
$(foreach o,$(lua-objs),$(eval CFLAGS_$(o) += $(lua-cflags)))

# one indirect jump at the end of every instruction, not one for all
CFLAGS_lua/lvm.o += -fno-crossjumping -fno-gcse
