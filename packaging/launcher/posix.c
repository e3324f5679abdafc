/* Linux and macOS: the launcher becomes the program, under the same process number. */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "launcher.h"
#include "posix.h"

static char self[PATH_MAX], path[PATH_MAX]; /* the latter: of the file that was last looked for */
static size_t folder;                       /* of `self` so many bytes, with the slash */
static int why;                             /* something failed */
extern char **environ;

static void drop_variables(void) {
    char **kept = environ;
    for (char **variable = environ; *variable; variable++) {
        int dropped = 0;
        for (const char *const *begin = LOADING; *begin; begin++)
            dropped |= !strncmp(*variable, *begin, strlen(*begin));
        if (!dropped) *kept++ = *variable;
    }
    *kept = NULL;
}

const char *prepare(void) {
    drop_variables();
    if (!own_path(self)) {
        say(NO_PATH);
        return NULL;
    }
    for (folder = strlen(self); self[folder - 1] != '/';) folder--;
    memcpy(path, self, folder);
    return self + folder;
}

static int failed(int error) {
    why = error;
    return 0;
}

static int in_folder(const char *name) {
    if (folder + strlen(name) >= sizeof path) return failed(ENAMETOOLONG);
    strcpy(path + folder, name);
    return 1;
}

static enum kind kind_of(struct stat *status) {
    if (lstat(path, status)) {
        failed(errno);
        return why == ENOENT ? MISSING : UNKNOWN;
    }
    return S_ISREG(status->st_mode) ? PLAIN : OTHER;
}

enum kind look(const char *name, int64_t *size) {
    struct stat status;
    if (!in_folder(name)) return UNKNOWN;
    for (char *slash = path + folder; (slash = strchr(slash, '/')); *slash++ = '/') {
        *slash = 0;
        enum kind kind = kind_of(&status);
        if (kind == MISSING || kind == UNKNOWN) return kind;
        if (!S_ISDIR(status.st_mode)) return ELSEWHERE;
    }
    enum kind kind = kind_of(&status);
    *size = status.st_size;
    return kind;
}

int list(const char *name, int (*fine)(const char *name, int is_folder)) {
    struct dirent *entry;
    struct stat status;
    if (!in_folder(name)) return 0;
    DIR *opened = opendir(path);
    if (!opened) return failed(errno);
    int all = 1;
    while (all && (errno = 0, entry = readdir(opened))) {
        const char *one = entry->d_name;
        if (!strcmp(one, ".") || !strcmp(one, "..")) continue;
        all = fine(one, !fstatat(dirfd(opened), one, &status, AT_SYMLINK_NOFOLLOW) && S_ISDIR(status.st_mode));
    }
    if (all && errno) all = failed(errno);
    closedir(opened);
    return all;
}

intptr_t open_file(const char *name) {
    if (!in_folder(name)) return -1;
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (file < 0) failed(errno);
    return file;
}

int seek_before_end(intptr_t file, int64_t bytes) {
    return lseek(file, -bytes, SEEK_END) >= 0 || failed(errno);
}

int64_t read_file(intptr_t file, void *buffer, size_t room) {
    for (;;) {
        ssize_t got = read(file, buffer, room);
        if (got >= 0) return got;
        failed(errno);
        if (why != EINTR) return -1;
    }
}

void close_file(intptr_t file) { close(file); }

int remove_file(const char *name) {
    return in_folder(name) && (!unlink(path) || errno == ENOENT || failed(errno));
}

int passes(void) {
    return why == ENOMEM || why == EAGAIN || why == EMFILE || why == ENFILE || why == ETXTBSY;
}

const char *reason(void) { return strerror(why); }

int in_slot(void) { return !access("init_data.xml", F_OK); }

static void write_all(int file, const char *text) {
    for (size_t left = strlen(text); left;) {
        ssize_t written = write(file, text, left);
        if (written < 0 && errno != EINTR) return; /* nobody can be told */
        if (written > 0) text += written, left -= written;
    }
}

void say(const char *line) { write_all(STDERR_FILENO, line); }

void ask_to_wait(const char *request) {
    close(STDIN_FILENO); /* room for a descriptor, where there are no more */
    int file = open("boinc_temporary_exit", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (file < 0) return;
    write_all(file, request);
    close(file);
}

/* The exit code where the program could not be started. */
static int not_started(void) {
    char line[3 * PATH_MAX];
    if (passes()) return later(MANIFEST[0].name);
    if (why == ENOENT && *LOADER && access(LOADER, F_OK)) /* the program is there, as was just seen */
        join(line, sizeof line, (const char *const[]){"axiom: ", path, " needs the GNU C library, whose loader ",
             LOADER, " is not here; use another computer, or install glibc.\n", NULL});
    else
        join(line, sizeof line,
             (const char *const[]){"axiom: ", path, " cannot be started: ", reason(), ".\n", NULL});
    say(line);
    return EXIT_INIT_FAILURE;
}

int main(int count, char **arguments) {
    static char code[PATH_MAX];
    int ready = checked();
    if (ready != READY) return ready;
    strcpy(code, *CODE && in_folder(CODE) ? path : self);
    char *alone[] = {code, NULL};
    if (count) arguments[0] = code;
    in_folder(MANIFEST[0].name);
    execve(path, count ? arguments : alone, environ);
    failed(errno);
    return not_started();
}
