/* SPDX-License-Identifier: GPL-2.0-only */
/* Where the files of iptables extensions lie, and whose they are. */
#ifndef _NFLUACTL_EXTENSION_H
#define _NFLUACTL_EXTENSION_H

#include <stdbool.h>
#include <stddef.h>

struct ctl;
struct source;

/**
 * struct places - where extensions are installed
 * @root: put before all of them, "" for this system
 * @search: directories in which iptables looks for objects, separated by colons
 * @objects: the first of them, where ours go
 * @files: where the objects look for their Lua files
 * @object: the object that is copied
 */
struct places {
	char *root;
	char *search;
	char *objects;
	char *files;
	char *object;
};

/* Whose an object in iptables' directory is. */
enum owner {
	OWNER_NONE,	/* there is none */
	OWNER_US,	/* a copy of the generic object */
	OWNER_OLD,	/* of that of another nflua */
	OWNER_OTHER,
};

const char *places_directory(void);
int places_find(struct ctl *ctl, struct places *places);
void places_free(struct places *places);

char *places_file(const struct places *places, const char *name);
char *places_object(const struct places *places, const char *name);
char *places_read(const char *path, size_t *size);
enum owner places_owner(const struct places *places, const char *name);
char *places_clash(const struct places *places, const char *name);
int places_install(const struct places *places, const char *const *names, size_t n,
		   const void *text, size_t size);
int places_remove(const struct places *places, const char *name);
int places_each(const struct places *places, int (*each)(const char *name, void *data),
		void *data);

/* extension.c */
struct declared;
bool extension_run(struct declared *file, const char *path, const char *text, size_t size,
		   const char *directory);
char *extension_read(const struct places *places, const char *name, struct declared *file);
void extension_close(struct declared *file);
bool extension_is_file(const char *what);
int extension_read_file(const char *path, struct source *source, struct declared *file);

/* extension_show.c */
int extension_list(struct ctl *ctl, const struct places *places);
int extension_show(struct ctl *ctl, const struct places *places);

#endif /* _NFLUACTL_EXTENSION_H */
