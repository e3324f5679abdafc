/* The main program on Linux: checks what was installed, and becomes the program itself, under the same process number.

   Behind its own code lies an archive with the program's, in Python: whoever becomes the program gets this file's path
   as the name that it is called by. So an upgrade of the code is a download of this file alone.

   The client puts the slot into LD_LIBRARY_PATH. The program is linked dynamically, so that a file which a work unit
   brings under a library's name would be loaded into it, though nobody signed it. This launcher is static, and takes
   such variables away. Files damaged since the client checked their signatures are removed, so that it fetches them
   again: only files of the manifest compiled into this file, which the client did check.

   Where the program cannot run at all, for want of a processor or of glibc, this file can still say so. What passes, as a
   want of memory or of descriptors, ends no task: the client is asked to start it again later. */

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#ifdef __x86_64__
#include <cpuid.h>
#endif

enum { EXIT_NO_ENGINE = 31, EXIT_INIT_FAILURE = 206 }; /* NoEngine of client/errors.py, and a number of BOINC's */
enum { RETRY = 600 };                                  /* seconds until the client starts the task again */

struct file {
    const char *path; /* below this program's folder */
    int64_t size;
    int checked; /* whether the sum is compared too; that of gigabytes would take longer than the start */
    uint64_t sum;
};

/* static const struct file MANIFEST[], the executable first; of the archive CODE_SIZE, CODE_SUM; and LOADER, the path of
   the executable's loader, empty if it needs none: launcher.py */
#include "launcher_manifest.h"

#define FACTOR UINT64_C(0x9e3779b97f4a7c15)
#define FILES (sizeof MANIFEST / sizeof *MANIFEST)

/* What loads code into a program before, or besides, what it means to load. */
static const char *const DROPPED[] = {"LD_", "PYTHON", "_PYI_", "PYINSTALLER_", "GCONV_PATH=", "GLIBC_TUNABLES="};

static const char MISSING[] = "is missing";
static char self[PATH_MAX], folder[PATH_MAX];
extern char **environ;

static void drop_variables(void) {
    char **kept = environ;
    for (char **variable = environ; *variable; variable++) {
        int dropped = 0;
        for (size_t i = 0; i < sizeof DROPPED / sizeof *DROPPED; i++)
            dropped |= !strncmp(*variable, DROPPED[i], strlen(DROPPED[i]));
        if (!dropped) *kept++ = *variable;
    }
    *kept = NULL;
}

/* What the processor lacks of x86-64-v2, which numpy is compiled for, or NULL. Without this question such a processor would
   end the program by an illegal instruction, without a word. */
static const char *processor_lacks(void) {
#ifdef __x86_64__
    static const struct { unsigned bit; const char *name; } needed[] = {
        {bit_SSE3, "SSE3"},     {bit_SSSE3, "SSSE3"},   {bit_CMPXCHG16B, "CMPXCHG16B"},
        {bit_SSE4_1, "SSE4.1"}, {bit_SSE4_2, "SSE4.2"}, {bit_POPCNT, "POPCNT"},
    };
    unsigned eax, ebx, ecx, edx;
    if (!__get_cpuid(1, &eax, &ebx, &ecx, &edx)) ecx = 0;
    for (size_t i = 0; i < sizeof needed / sizeof *needed; i++)
        if (!(ecx & needed[i].bit)) return needed[i].name;
    if (!__get_cpuid(0x80000001, &eax, &ebx, &ecx, &edx) || !(ecx & bit_LAHF_LM)) return "LAHF";
#endif
    return NULL;
}

/* The path of this very file, whatever it was called by, and its folder. */
static int find_folder(void) {
    ssize_t length = readlink("/proc/self/exe", self, sizeof self);
    if (length <= 0 || length >= (ssize_t)sizeof self) return 0;
    while (self[length - 1] != '/') length--;
    memcpy(folder, self, length);
    return 1;
}

static int in_folder(char *path, const char *name) {
    return snprintf(path, PATH_MAX, "%s%s", folder, name) < PATH_MAX;
}

/* manifest.checksum: the last word is filled up with zeros. */
static int sum(int descriptor, uint64_t *total) {
    static uint64_t words[1 << 13];
    *total = 0;
    for (;;) {
        size_t filled = 0;
        while (filled < sizeof words) {
            ssize_t got = read(descriptor, (char *)words + filled, sizeof words - filled);
            if (got < 0 && errno == EINTR) continue;
            if (got < 0) return 0;
            if (got == 0) break;
            filled += got;
        }
        memset((char *)words + filled, 0, -filled % 8);
        for (size_t i = 0; i < (filled + 7) / 8; i++) *total = *total * FACTOR + words[i];
        if (filled < sizeof words) return 1;
    }
}

/* What is wrong with a file, or NULL. Folders on the way must be real ones: what links lead to is not ours to judge,
   and still less to remove. */
static const char *wrong(const struct file *file, int *ours) {
    char path[PATH_MAX];
    struct stat status;
    uint64_t total;
    *ours = 0;
    if (!in_folder(path, file->path)) return "has too long a path";
    for (char *slash = path + strlen(folder); (slash = strchr(slash, '/')); *slash++ = '/') {
        *slash = 0;
        if (lstat(path, &status)) return errno == ENOENT ? MISSING : strerror(errno);
        if (!S_ISDIR(status.st_mode)) return "is in no real folder";
    }
    if (lstat(path, &status)) return errno == ENOENT ? MISSING : strerror(errno);
    *ours = 1;
    if (!S_ISREG(status.st_mode)) return "is no plain file";
    if (status.st_size != file->size) return "has the wrong size";
    if (!file->checked) return NULL;
    int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (descriptor < 0) {
        *ours = 0; /* perhaps whole: who may not read it cannot tell */
        return strerror(errno);
    }
    int whole = sum(descriptor, &total);
    close(descriptor);
    return whole && total == file->sum ? NULL : "is damaged";
}

/* What is wrong with this file itself, or NULL. */
static const char *archive_wrong(int *ours) {
    uint64_t total;
    int descriptor = open(self, O_RDONLY | O_CLOEXEC);
    *ours = descriptor >= 0;
    if (descriptor < 0) return strerror(errno);
    int whole = lseek(descriptor, -CODE_SIZE, SEEK_END) >= 0 && sum(descriptor, &total) && total == CODE_SUM;
    close(descriptor);
    return whole ? NULL : "is damaged";
}

static int passes(int why) {
    return why == ENOMEM || why == EAGAIN || why == EMFILE || why == ENFILE || why == ETXTBSY;
}

/* Ends for want of something that passes: in a slot with a request to be started again, elsewhere as a failure. */
static int later(const char *name, int why) {
    fprintf(stderr, "axiom: %s cannot be used now: %s.\n", name, strerror(why));
    if (access("init_data.xml", F_OK)) return EXIT_INIT_FAILURE;
    close(STDIN_FILENO); /* room for a descriptor, where there are no more */
    int descriptor = open("boinc_temporary_exit", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (descriptor >= 0) {
        dprintf(descriptor, "%d\naxiom cannot start now: %s.\n", RETRY, strerror(why));
        close(descriptor);
    }
    return 0; /* without that file the client starts the task again at once */
}

/* Removes a file that has a fault, for the client to fetch it again; whether it had to stay. */
static int stays(const char *path, const char *fault, int ours) {
    return fault != MISSING && (!ours || (unlink(path) && errno != ENOENT));
}

int main(int count, char **arguments) {
    char path[PATH_MAX], first[2 * PATH_MAX] = "";
    int bad = 0, kept = 0, ours;
    drop_variables();
    const char *lacks = processor_lacks();
    if (lacks) {
        fprintf(stderr, "axiom: this processor has no %s, which the program needs; use another computer.\n", lacks);
        return EXIT_NO_ENGINE;
    }
    if (!find_folder()) {
        fprintf(stderr, "axiom: this program cannot find its folder: /proc is needed.\n");
        return EXIT_INIT_FAILURE;
    }
    for (size_t i = 0; i <= FILES; i++) {
        const char *name = i < FILES ? MANIFEST[i].path : self + strlen(folder);
        errno = 0;
        const char *fault = i < FILES ? wrong(&MANIFEST[i], &ours) : archive_wrong(&ours);
        if (!fault) continue;
        if (passes(errno)) return later(name, errno);
        if (!bad++) snprintf(first, sizeof first, "%s %s", name, fault);
        in_folder(path, name);
        kept += stays(path, fault, ours);
    }
    if (bad) {
        const char *end = kept ? "some cannot be removed: reset the project" : "BOINC fetches them again";
        fprintf(stderr, "axiom: %s; %d of %d files are bad, and %s.\n", first, bad, (int)FILES + 1, end);
        return EXIT_INIT_FAILURE;
    }
    in_folder(path, MANIFEST[0].path);
    char *alone[] = {self, NULL};
    if (count) arguments[0] = self;
    execve(path, count ? arguments : alone, environ);
    int why = errno;
    if (passes(why)) return later(MANIFEST[0].path, why);
    if (why == ENOENT && access(LOADER, F_OK)) /* the file is there, as was just seen: what is not is its loader */
        fprintf(stderr, "axiom: %s needs the GNU C library, whose loader %s is not here; use another computer, or install "
                        "glibc.\n", path, LOADER);
    else
        fprintf(stderr, "axiom: %s cannot be started: %s.\n", path, strerror(why));
    return EXIT_INIT_FAILURE;
}
