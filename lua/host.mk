# SPDX-License-Identifier: GPL-2.0-only
#
# Lua of nflua's dialect for user space:
#
#   make -f lua/host.mk               build/lua, build/liblua-host.a
#   make -f lua/host.mk SANITIZE=1    build/san/lua with ASan, UBSan, assertions
#
# The source must be there (lua/fetch). Other makefiles link liblua-host.a and
# compile what uses it with the flags that `make -f lua/host.mk flags` prints.

HERE := $(patsubst %/,%,$(dir $(lastword $(MAKEFILE_LIST))))
BUILD ?= $(HERE)/../build
CC ?= cc
CFLAGS ?= -O2 -g
AR ?= ar

SRC := $(BUILD)/lua-src
ifeq ($(SANITIZE),1)
OUT := $(BUILD)/san
SANFLAGS := -fsanitize=address,undefined -fno-sanitize-recover=undefined -DNFLUA_ASSERT
else
OUT := $(BUILD)
endif
OBJ := $(OUT)/lua-obj

CORE := lapi lauxlib lbaselib lcode lcorolib lctype ldebug ldo ldump lfunc lgc llex \
	lmathlib lmem lobject lopcodes lparser lstate lstring lstrlib ltable ltablib \
	ltm lundump lutf8lib lvm lzio
SHIM := shim openlibs
HOST := state

INCLUDES := -I$(HERE)/kernel -I$(SRC) -I$(HERE)/host
FLAGS := $(INCLUDES) -include $(HERE)/kernel/lua_config.h
# upstream's code has unused parameters and says FALLTHROUGH in comments
WARN := -Wall -Wextra -Wno-unused-parameter -Wimplicit-fallthrough=3

OBJS := $(patsubst %,$(OBJ)/%.o,$(CORE) $(SHIM) $(HOST))
LIB := $(OUT)/liblua-host.a

all: $(OUT)/lua $(LIB)

$(OUT)/lua: $(OBJ)/main.o $(LIB)
	$(CC) $(CFLAGS) $(SANFLAGS) $(LDFLAGS) -o $@ $^

$(LIB): $(OBJS)
	rm -f $@
	$(AR) rcs $@ $^

COMPILE = $(CC) $(CFLAGS) $(SANFLAGS) $(WARN) $(FLAGS) -MMD -MP -c -o $@ $<

$(OBJ)/%.o: $(SRC)/%.c | $(OBJ)
	$(COMPILE)

$(OBJ)/%.o: $(HERE)/kernel/%.c | $(OBJ)
	$(COMPILE)

$(OBJ)/%.o: $(HERE)/host/%.c | $(OBJ)
	$(COMPILE)

$(OBJ):
	mkdir -p $@

flags:
	@echo $(INCLUDES)

.PHONY: all flags

-include $(OBJS:.o=.d) $(OBJ)/main.d
