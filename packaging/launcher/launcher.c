/* The main program: checks what was installed, and starts the program itself, PyInstaller's executable in the bundle.

   Behind its own code, or beside it, lies an archive with the program's, in Python: the program gets the path of the
   archive as the name that it is called by. So an upgrade of the code is a small download.

   Files damaged since the client checked their signatures are removed, so that it fetches them again: only files of the
   manifest compiled into this file, which the client did check. What else lies in the bundle nobody signed, as
   a work unit's file whose name leads there, and the program might load it: it is not ours to remove, but nothing is
   started. Where the program cannot run at all, this file can still say so. What passes, as a want of memory, or a file
   that another program holds, ends no task: the client is asked to start it again later. */

#include "launcher.h"

#define FACTOR UINT64_C(0x9e3779b97f4a7c15)

#define RETRY "600" /* seconds until the client starts the task again */

enum { SENTENCE = 1 << 10 };

void join(char *text, size_t room, const char *const *parts) {
    for (; *parts; parts++)
        for (const char *part = *parts; *part && room > 1; room--) *text++ = *part++;
    *text = 0;
}

/* A number above zero in decimal digits. */
static const char *decimal(char digits[12], int number) {
    digits += 11;
    for (*digits = 0; number; number /= 10) *--digits = '0' + number % 10;
    return digits;
}

/* manifest.checksum: the last word is filled up with zeros. Whether everything could be read. */
static int sum(intptr_t file, uint64_t *total) {
    static uint64_t words[1 << 13];
    *total = 0;
    for (;;) {
        size_t filled = 0;
        while (filled < sizeof words) {
            int64_t got = read_file(file, (char *)words + filled, sizeof words - filled);
            if (got < 0) return 0;
            if (got == 0) break;
            filled += got;
        }
        int whole = filled == sizeof words;
        while (filled % 8) ((char *)words)[filled++] = 0;
        for (size_t i = 0; i < filled / 8; i++) *total = *total * FACTOR + words[i];
        if (!whole) return 1;
    }
}

/* What is wrong with a file, and what helps. */
struct fault {
    const char *what;
    enum { NOTHING, FETCH, REMOVE, RESET, WAIT } remedy;
};

static const struct fault NONE = {NULL, NOTHING}, DAMAGED = {"is damaged", REMOVE};
static const struct fault FOREIGN = {"is not of this version", RESET};

/* What the system refused: perhaps the file is whole. */
static struct fault refused(void) { return (struct fault){reason(), passes() ? WAIT : RESET}; }

/* Compares the sum of a file, or of its last bytes. */
static struct fault content(const char *name, int64_t last, uint64_t wanted) {
    uint64_t total;
    intptr_t file = open_file(name);
    if (file == -1) return refused();
    int whole = (!last || seek_before_end(file, last)) && sum(file, &total);
    struct fault found = whole && total == wanted ? NONE : !whole && passes() ? refused() : DAMAGED;
    close_file(file);
    return found;
}

/* Folders on the way must be real ones: what links lead to is not ours to judge, and still less to remove. */
static struct fault examined(const struct file *file) {
    int64_t size;
    switch (look(file->name, &size)) {
    case MISSING: return (struct fault){"is missing", FETCH};
    case ELSEWHERE: return (struct fault){"is in no real folder", RESET};
    case UNKNOWN: return refused();
    case OTHER: return (struct fault){"is no plain file", REMOVE};
    case PLAIN: break;
    }
    if (size != file->size) return (struct fault){"has the wrong size", REMOVE};
    return file->checked ? content(file->name, 0, file->sum) : NONE;
}

static char found[SENTENCE / 2]; /* a name in the bundle; the client takes none of half this length */
static size_t length;            /* of it */
static struct fault fault;       /* of what it names */

static void append(const char *text) {
    join(found + length, sizeof found - length, (const char *const[]){text, NULL});
    while (found[length]) length++;
}

static char folded(char letter) { return ANY_CASE && letter >= 'A' && letter <= 'Z' ? letter + 'a' - 'A' : letter; }

/* Whether `found` is a file of the manifest, or a folder with some. */
static int of_version(int is_folder) {
    for (int i = 0; i < FILES; i++) {
        const char *name = MANIFEST[i].name, *other = found;
        while (*other && folded(*name) == folded(*other)) name++, other++;
        if (!*other && *name == (is_folder ? '/' : 0)) return 1;
    }
    return 0;
}

/* Whether a text is a pattern, in which ? stands for a letter or a digit. */
static int fits(const char *text, const char *pattern) {
    for (; *pattern; pattern++, text++) {
        int plain = (*text >= '0' && *text <= '9') || ((*text | 32) >= 'a' && (*text | 32) <= 'z');
        if (*pattern == '?' ? !plain : folded(*pattern) != folded(*text)) return 0;
    }
    return !*text;
}

/* Whether a name comes up by itself, and nothing is run, loaded or imported by it: the system's own, what a client that
   was ended while it unpacked a file leaves beside it, and what was moved aside. */
static int harmless(const char *name) {
    static const char *const whole[] = {"Thumbs.db", "desktop.ini", "decompress_temp", "verify_??????"};
    static const char *const ends[] = {".gz", ".gzt", ".tmp", ".damaged"};
    if (*name == '.') return 1;
    for (size_t i = 0; i < sizeof whole / sizeof *whole; i++)
        if (fits(name, whole[i])) return 1;
    for (; *name; name++)
        for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
            if (fits(name, ends[i])) return 1;
    return 0;
}

static int fine(const char *name, int is_folder);

/* Looks for files in the folder `found` that are not of the version; `found` stays at the first, with its fault. */
static void look_through(void) {
    if (!list(found, fine) && fault.remedy == NOTHING) fault = refused();
}

/* Of what lies in the folder `found`. A folder without files loads nothing. */
static int fine(const char *name, int is_folder) {
    size_t before = length;
    append("/");
    append(name);
    int ours = of_version(is_folder);
    if (!ours && !is_folder && !harmless(name)) fault = FOREIGN;
    if (is_folder && (ours || !harmless(name))) look_through();
    if (fault.remedy != NOTHING) return 0;
    found[length = before] = 0;
    return 1;
}

int later(const char *name) {
    char text[SENTENCE];
    const char *why = reason();
    join(text, sizeof text, (const char *const[]){"axiom: ", name, " cannot be used now: ", why, ".\n", NULL});
    say(text);
    if (!in_slot()) return EXIT_INIT_FAILURE;
    join(text, sizeof text, (const char *const[]){RETRY "\naxiom cannot start now: ", why, ".\n", NULL});
    ask_to_wait(text);
    return 0; /* without that request the client starts the task again at once */
}

static int bad_processor(const char *lacks) {
    char text[SENTENCE];
    join(text, sizeof text, (const char *const[]){"axiom: this processor has no ", lacks,
         ", which the program needs; use another computer.\n", NULL});
    say(text);
    return EXIT_NO_ENGINE;
}

static int bad_files(const char *first, int bad, int kept, int of) {
    char text[SENTENCE], digits[2][12];
    const char *end = kept ? "some cannot be removed: reset the project" : "BOINC fetches them again";
    join(text, sizeof text, (const char *const[]){"axiom: ", first, "; ", decimal(digits[0], bad), " of ",
         decimal(digits[1], of), " files are bad, and ", end, ".\n", NULL});
    say(text);
    return EXIT_INIT_FAILURE;
}

/* READY where the bundle holds nothing but the manifest's files. */
static int alone(void) {
    char text[SENTENCE];
    append(MANIFEST[0].name);
    while (found[length - 1] != '/') length--;
    found[--length] = 0;
    look_through();
    if (fault.remedy == NOTHING) return READY;
    if (fault.remedy == WAIT) return later(found);
    join(text, sizeof text, (const char *const[]){"axiom: ", found, " ", fault.what, "; reset the project.\n", NULL});
    say(text);
    return EXIT_INIT_FAILURE;
}

int checked(void) {
    char first[SENTENCE];
    int bad = 0, kept = 0, all = FILES + (CODE_SIZE != 0);
    const char *lacks = processor_lacks();
    if (lacks) return bad_processor(lacks);
    const char *self = prepare();
    if (!self) return EXIT_INIT_FAILURE;
    for (int i = 0; i < all; i++) {
        const char *name = i < FILES ? MANIFEST[i].name : self;
        struct fault fault = i < FILES ? examined(&MANIFEST[i]) : content(self, CODE_SIZE, CODE_SUM);
        if (fault.remedy == NOTHING) continue;
        if (fault.remedy == WAIT) return later(name);
        if (!bad++) join(first, sizeof first, (const char *const[]){name, " ", fault.what, NULL});
        if (fault.remedy == REMOVE && !remove_file(name)) {
            if (passes()) return later(name);
            fault.remedy = RESET;
        }
        kept += fault.remedy == RESET;
    }
    return bad ? bad_files(first, bad, kept, all) : alone();
}
