/* files: the list of test files under the paths of a command line. */
#define _GNU_SOURCE 1
#include "cli/cli.h"

#include <dirent.h>
#include <errno.h>
#include <fts.h>
#include <stdlib.h>
#include <sys/stat.h>

static void add(struct file_list *l, const char *path, uint64_t size)
{
    if (l->count == l->capacity) {
        l->capacity = l->capacity == 0 ? 64 : l->capacity * 2;
        l->files = base_realloc(l->files, l->capacity * sizeof *l->files);
    }
    l->files[l->count++] = (struct file_entry){base_strdup(path), size};
}

static bool is_json(const char *name)
{
    size_t size = strlen(name);
    return size > 5 && strcmp(name + size - 5, ".json") == 0;
}

static int by_name(const FTSENT **a, const FTSENT **b)
{
    return strcmp((*a)->fts_name, (*b)->fts_name);
}

/* Folders inside that hold no cases: what is hidden, and what cases of the engine_x form share. */
static bool is_aside(const FTSENT *f)
{
    return f->fts_info == FTS_D && f->fts_level != FTS_ROOTLEVEL &&
           (f->fts_name[0] == '.' || strcmp(f->fts_name, "pre_alloc") == 0);
}

enum status files_find(struct file_list *out, const char *path, struct error *e)
{
    char *start = base_strdup(path);
    char *paths[] = {start, NULL};
    enum status s = STATUS_OK;
    FTS *walk = fts_open(paths, FTS_LOGICAL | FTS_NOCHDIR, by_name);
    if (walk == NULL) {
        s = error_set(e, FILE_UNREADABLE, "%s: expected a readable file or folder", path);
        goto out;
    }
    for (FTSENT *f; (f = fts_read(walk)) != NULL && s == STATUS_OK;) {
        bool named = f->fts_level == FTS_ROOTLEVEL && f->fts_info == FTS_DEFAULT; /* a pipe, say */
        bool is_case = f->fts_info == FTS_F && (f->fts_level == FTS_ROOTLEVEL || is_json(f->fts_name));
        if (named || (is_case && f->fts_name[0] != '.'))
            add(out, f->fts_path, (uint64_t)f->fts_statp->st_size);
        else if (is_aside(f))
            (void)fts_set(walk, f, FTS_SKIP);
        else if (f->fts_info == FTS_ERR || f->fts_info == FTS_DNR || f->fts_info == FTS_NS)
            s = error_set(e, FILE_UNREADABLE, "%s: %s", f->fts_path, strerror(f->fts_errno));
        else if (f->fts_info == FTS_DC)
            s = error_set(e, FILE_UNREADABLE, "%s: a link to a folder that it is in", f->fts_path);
        else if (f->fts_info == FTS_SLNONE && (f->fts_level == FTS_ROOTLEVEL || is_json(f->fts_name)))
            s = error_set(e, FILE_UNREADABLE, "%s: a link to nothing", f->fts_path);
    }
out:
    if (walk != NULL) (void)fts_close(walk);
    free(start);
    return s;
}

void files_free(struct file_list *l)
{
    for (size_t i = 0; i < l->count; i++) free(l->files[i].path);
    free(l->files);
    *l = (struct file_list){0};
}
