/* What the launcher's parts know of each other: launcher.c checks; a system's part looks, reads, starts the program.

   Names are below the folder of this file, in UTF-8, with slashes; those of the manifest in ASCII. Where a function
   fails for a reason of the system, `passes` and `reason` tell which, until the next call. */

#include <stddef.h>
#include <stdint.h>

enum { EXIT_NO_ENGINE = 31, EXIT_INIT_FAILURE = 206 }; /* NoEngine of client/errors.py, and a number of BOINC's */
enum { READY = -1 };                                   /* no exit code: everything is as it was installed */

/* What the build wrote: making.py. */
struct file {
    const char *name;
    int64_t size;
    int checked; /* whether the sum is compared too; that of gigabytes would take longer than the start */
    uint64_t sum;
};
extern const struct file MANIFEST[]; /* the program first */
extern const int FILES;
extern const int64_t CODE_SIZE; /* of the archive behind this file's own code; 0 where it is one of FILES */
extern const uint64_t CODE_SUM;
extern const char CODE[];   /* the name of the archive, where it is one of FILES */
extern const char LOADER[]; /* Linux: the path of the program's loader, empty if it needs none */

/* launcher.c */
int checked(void);                                            /* READY, or the exit code, which was explained */
int later(const char *name);                                  /* the exit code where the last failure passes */
void join(char *text, size_t room, const char *const *parts); /* a text of parts, up to NULL */

/* processor.c */
const char *processor_lacks(void); /* of what numpy is compiled for, or NULL */

/* posix.c with linux.c or macos.c, or windows.c */
enum kind { PLAIN, OTHER, MISSING, ELSEWHERE, UNKNOWN }; /* the last two: behind a link; the system does not say */
const char *prepare(void); /* drop variables, find this file's folder; its name, or NULL after a sentence */
enum kind look(const char *name, int64_t *size);
/* Calls `fine` for all that lies in a folder until it says no. Whether it never did, and everything could be listed. */
int list(const char *folder, int (*fine)(const char *name, int is_folder)); /* a link is no folder */
extern const int ANY_CASE; /* whether names that differ in case alone are of the same file */
intptr_t open_file(const char *name); /* -1 if that fails */
int seek_before_end(intptr_t file, int64_t bytes);
int64_t read_file(intptr_t file, void *buffer, size_t room); /* 0 at the end, -1 if that fails */
void close_file(intptr_t file);
int remove_file(const char *name); /* whether it has gone */
int passes(void);
const char *reason(void);
int in_slot(void);                     /* whether the client runs this as a task */
void say(const char *line);            /* where the client, or a person, reads it */
void ask_to_wait(const char *request); /* leave the client a request to start the task again */
