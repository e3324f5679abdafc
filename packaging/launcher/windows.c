/* Windows: the launcher starts the program as a child in a job, and ends as it does.

   Who ends this process, as the client does, ends the job and so the program. This file is loaded from the project's
   folder, where files of work units lie too: kernel32 is all that it is linked to, which Windows never looks for in
   folders. */

#define _WIN32_WINNT 0x0A00 /* Windows 10 */
#define WIN32_LEAN_AND_MEAN
#include <windows.h>

#include "launcher.h"

enum { ROOM = 1 << 15 };          /* of UTF-16: no path and no command line is longer */
enum { TEXT = 1 << 12 };          /* bytes of a sentence. Such buffers are static: nothing here checks a large stack */
enum { TRIES = 50, PAUSE = 100 }; /* for a file that another program holds: 5 s */

static WCHAR self[ROOM], path[ROOM + TEXT], line[2 * ROOM];
static DWORD folder; /* of `self` so many characters, with the backslash */
static DWORD why;    /* something failed */

static int failed(DWORD error) {
    why = error;
    return 0;
}

static int length_of(const WCHAR *text) {
    int length = 0;
    while (text[length]) length++;
    return length;
}

static WCHAR *copied(WCHAR *to, const WCHAR *from, DWORD length) {
    for (DWORD i = 0; i < length; i++) to[i] = from[i];
    return to + length;
}

/* Whether a variable loads code into Python; its name in any case, as Windows takes it. */
static int loads(const WCHAR *variable) {
    static const char *const begins[] = {"PYTHON", "_PYI_", "PYINSTALLER_"};
    for (size_t i = 0; i < sizeof begins / sizeof *begins; i++) {
        const char *begin = begins[i];
        for (const WCHAR *letter = variable; *begin; begin++, letter++)
            if ((*letter >= 'a' && *letter <= 'z' ? *letter - 32 : *letter) != *begin) break;
        if (!*begin) return 1;
    }
    return 0;
}

static void drop_variables(void) {
    WCHAR *all = GetEnvironmentStringsW(); /* a copy, which does not change meanwhile */
    if (!all) return;
    for (WCHAR *variable = all, *next; *variable; variable = next) {
        next = variable + length_of(variable) + 1;
        WCHAR *end = variable + 1; /* names of Windows' own begin with = */
        while (*end && *end != '=') end++;
        *end = 0;
        if (loads(variable)) SetEnvironmentVariableW(variable, NULL);
    }
    FreeEnvironmentStringsW(all);
}

const char *prepare(void) {
    static char name[4 * MAX_PATH];
    /* Both hold in the program too: no box waits for a click, and nothing is loaded from the slot. */
    SetErrorMode(SEM_FAILCRITICALERRORS | SEM_NOGPFAULTERRORBOX | SEM_NOOPENFILEERRORBOX);
    SetDllDirectoryW(L"");
    drop_variables();
    DWORD length = GetModuleFileNameW(NULL, self, ROOM);
    if (!length || length >= ROOM) {
        say("axiom: this program cannot find its folder: its path is too long.\n");
        return NULL;
    }
    for (folder = length; self[folder - 1] != '\\';) folder--;
    name[WideCharToMultiByte(CP_UTF8, 0, self + folder, length - folder, name, sizeof name - 1, NULL, NULL)] = 0;
    return name;
}

/* Leaves a file's path in `path`, in the form in which it may be of any length if `long_form`. */
static void in_folder(const char *name, int long_form) {
    WCHAR *end = path;
    const WCHAR *from = self;
    if (long_form && !(self[0] == '\\' && self[1] == '\\' && self[2] == '?')) {
        int share = self[0] == '\\' && self[1] == '\\';
        end = share ? copied(path, L"\\\\?\\UNC", 7) : copied(path, L"\\\\?\\", 4);
        from += share;
    }
    end = copied(end, from, self + folder - from);
    end[MultiByteToWideChar(CP_UTF8, 0, name, -1, end, TEXT / 2)] = 0;
    for (; *end; end++)
        if (*end == '/') *end = '\\';
}

static int held(void) { return why == ERROR_SHARING_VIOLATION || why == ERROR_LOCK_VIOLATION; }

/* Opens what `path` names; others may read it, and delete it, meanwhile, but not write. */
static HANDLE opened(DWORD access, DWORD flags) {
    for (int i = 0;; i++) {
        HANDLE file = CreateFileW(path, access, FILE_SHARE_READ | FILE_SHARE_DELETE, NULL, OPEN_EXISTING, flags, NULL);
        if (file != INVALID_HANDLE_VALUE) return file;
        failed(GetLastError());
        if (!held() || i == TRIES) return file;
        Sleep(PAUSE);
    }
}

/* Of what `path` names. Only links count as such: other reparse points are ways to store a file. FAT knows no tags. */
static enum kind kind_of(int64_t *size, int *is_folder) {
    BY_HANDLE_FILE_INFORMATION about;
    FILE_ATTRIBUTE_TAG_INFO tag = {0, 0};
    HANDLE file = opened(FILE_READ_ATTRIBUTES, FILE_FLAG_BACKUP_SEMANTICS | FILE_FLAG_OPEN_REPARSE_POINT);
    if (file == INVALID_HANDLE_VALUE)
        return why == ERROR_FILE_NOT_FOUND || why == ERROR_PATH_NOT_FOUND ? MISSING : UNKNOWN;
    int known = GetFileInformationByHandle(file, &about);
    if (known && (about.dwFileAttributes & FILE_ATTRIBUTE_REPARSE_POINT))
        known = GetFileInformationByHandleEx(file, FileAttributeTagInfo, &tag, sizeof tag);
    if (!known) failed(GetLastError());
    CloseHandle(file);
    if (!known) return UNKNOWN;
    int link = IsReparseTagNameSurrogate(tag.ReparseTag), directory = about.dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY;
    *size = (int64_t)about.nFileSizeHigh << 32 | about.nFileSizeLow;
    *is_folder = !link && directory;
    return link || directory ? OTHER : PLAIN;
}

enum kind look(const char *name, int64_t *size) {
    enum kind kind;
    int is_folder;
    in_folder(name, 1);
    WCHAR *part = path + length_of(path);
    for (const char *letter = name; *letter; letter++) part--;
    for (; *part; part++) {
        if (*part != '\\') continue;
        *part = 0;
        kind = kind_of(size, &is_folder);
        *part = '\\';
        if (kind == MISSING || kind == UNKNOWN) return kind;
        if (!is_folder) return ELSEWHERE;
    }
    return kind_of(size, &is_folder);
}

const int ANY_CASE = 1;

int list(const char *name, int (*fine)(const char *name, int is_folder)) {
    static WIN32_FIND_DATAW entry; /* not needed any more when `fine` lists another folder */
    static char text[4 * MAX_PATH];
    HANDLE search;
    in_folder(name, 1);
    copied(path + length_of(path), L"\\*", 3);
    for (int i = 0;; i++) {
        search = FindFirstFileExW(path, FindExInfoBasic, &entry, FindExSearchNameMatch, NULL, 0);
        if (search != INVALID_HANDLE_VALUE) break;
        failed(GetLastError());
        if (!held() || i == TRIES) return 0;
        Sleep(PAUSE);
    }
    int all = 1;
    do {
        const WCHAR *letter = entry.cFileName;
        if (letter[0] == '.' && (!letter[1] || (letter[1] == '.' && !letter[2]))) continue;
        DWORD kind = entry.dwFileAttributes;
        int link = (kind & FILE_ATTRIBUTE_REPARSE_POINT) && IsReparseTagNameSurrogate(entry.dwReserved0);
        WideCharToMultiByte(CP_UTF8, 0, letter, -1, text, sizeof text, NULL, NULL);
        all = fine(text, (kind & FILE_ATTRIBUTE_DIRECTORY) && !link);
    } while (all && FindNextFileW(search, &entry));
    if (all && GetLastError() != ERROR_NO_MORE_FILES) all = failed(GetLastError());
    FindClose(search);
    return all;
}

intptr_t open_file(const char *name) {
    in_folder(name, 1);
    return (intptr_t)opened(GENERIC_READ, FILE_FLAG_SEQUENTIAL_SCAN);
}

int seek_before_end(intptr_t file, int64_t bytes) {
    LARGE_INTEGER back = {.QuadPart = -bytes};
    return SetFilePointerEx((HANDLE)file, back, NULL, FILE_END) || failed(GetLastError());
}

int64_t read_file(intptr_t file, void *buffer, size_t room) {
    for (int i = 0;; i++) {
        DWORD got;
        if (ReadFile((HANDLE)file, buffer, room, &got, NULL)) return got;
        failed(GetLastError());
        if (!held() || i == TRIES) return -1;
        Sleep(PAUSE);
    }
}

void close_file(intptr_t file) { CloseHandle((HANDLE)file); }

/* Whether `path` names nothing any more. What runs, as this file does, and folders can only be renamed. */
static int removed(void) {
    static WCHAR aside[ROOM + TEXT + 16];
    int length = length_of(path);
    if (DeleteFileW(path)) return 1;
    failed(GetLastError());
    if (why != ERROR_ACCESS_DENIED) return why == ERROR_FILE_NOT_FOUND;
    copied(copied(aside, path, length), L".damaged", 9);
    return MoveFileExW(path, aside, MOVEFILE_REPLACE_EXISTING);
}

int remove_file(const char *name) {
    in_folder(name, 1);
    for (int i = 0; !removed(); i++) {
        if (!held() || i == TRIES) return 0;
        Sleep(PAUSE);
    }
    return 1;
}

int passes(void) {
    static const DWORD passing[] = {
        ERROR_SHARING_VIOLATION,      ERROR_LOCK_VIOLATION,        ERROR_TOO_MANY_OPEN_FILES,
        ERROR_NOT_ENOUGH_MEMORY,      ERROR_OUTOFMEMORY,           ERROR_NO_SYSTEM_RESOURCES,
        ERROR_PAGED_SYSTEM_RESOURCES, ERROR_WORKING_SET_QUOTA,     ERROR_NONPAGED_SYSTEM_RESOURCES,
        ERROR_PAGEFILE_QUOTA,         ERROR_NOT_ENOUGH_QUOTA,      ERROR_COMMITMENT_LIMIT,
    };
    for (size_t i = 0; i < sizeof passing / sizeof *passing; i++)
        if (why == passing[i]) return 1;
    return 0;
}

const char *reason(void) {
    static char text[TEXT], words[TEXT], digits[12];
    static WCHAR wide[TEXT / 4];
    char *digit = digits + 11;
    DWORD number = why;
    do *--digit = '0' + number % 10;
    while (number /= 10);
    DWORD how = FORMAT_MESSAGE_FROM_SYSTEM | FORMAT_MESSAGE_IGNORE_INSERTS | FORMAT_MESSAGE_MAX_WIDTH_MASK;
    DWORD length = FormatMessageW(how, NULL, why, 0, wide, TEXT / 4, NULL);
    while (length && (wide[length - 1] == ' ' || wide[length - 1] == '.')) length--;
    words[WideCharToMultiByte(CP_UTF8, 0, wide, length, words, sizeof words - 1, NULL, NULL)] = 0;
    join(text, sizeof text, (const char *const[]){"Windows error ", digit, length ? ", " : "", words, NULL});
    return text;
}

int in_slot(void) { return GetFileAttributesW(L"init_data.xml") != INVALID_FILE_ATTRIBUTES; }

static DWORD bytes_of(const char *text) {
    DWORD bytes = 0;
    while (text[bytes]) bytes++;
    return bytes;
}

static void write_file(const WCHAR *name, DWORD access, DWORD how, const char *text) {
    DWORD written;
    DWORD all = FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE;
    HANDLE file = CreateFileW(name, access, all, NULL, how, 0, NULL);
    if (file == INVALID_HANDLE_VALUE) return; /* nobody can be told */
    WriteFile(file, text, bytes_of(text), &written, NULL);
    CloseHandle(file);
}

/* On Windows the client leaves stderr.txt to the program. */
void say(const char *sentence) {
    static WCHAR wide[TEXT];
    HANDLE console = GetStdHandle(STD_ERROR_HANDLE);
    DWORD mode, written;
    DWORD bytes = bytes_of(sentence);
    if (in_slot())
        write_file(L"stderr.txt", FILE_APPEND_DATA, OPEN_ALWAYS, sentence);
    else if (GetConsoleMode(console, &mode))
        WriteConsoleW(console, wide, MultiByteToWideChar(CP_UTF8, 0, sentence, bytes, wide, TEXT), &written, NULL);
    else
        WriteFile(console, sentence, bytes, &written, NULL);
}

void ask_to_wait(const char *request) { write_file(L"boinc_temporary_exit", GENERIC_WRITE, CREATE_ALWAYS, request); }

/* What follows the program's name in a command line. */
static const WCHAR *words_of(const WCHAR *command) {
    for (int quoted = 0; *command && (quoted || (*command != ' ' && *command != '\t')); command++)
        if (*command == '"') quoted = !quoted;
    return command;
}

/* Of a log-off and a shutdown Windows tells this process, but not the program, which has loaded user32: wrapper/windows.py
   waits for an event with this name and this process's number. */
#define LEAVE L"axiom_leave_"
static HANDLE leave;

static void make_event(void) {
    WCHAR name[32], digits[12], *digit = digits + 11;
    DWORD number = GetCurrentProcessId();
    for (*digit = 0; number; number /= 10) *--digit = L'0' + number % 10;
    copied(copied(name, LEAVE, length_of(LEAVE)), digit, length_of(digit) + 1);
    leave = CreateEventW(NULL, TRUE, FALSE, name);
}

/* The session in which services run, which hear of any user's log-off. */
static int of_services(void) {
    DWORD session;
    return ProcessIdToSessionId(GetCurrentProcessId(), &session) && !session;
}

/* On Ctrl-C, or when the user logs off, the program saves its work, and this process waits for it. */
static BOOL WINAPI asked_to_end(DWORD event) {
    if (event == CTRL_C_EVENT || event == CTRL_BREAK_EVENT) return TRUE; /* the program hears of it too */
    if (event == CTRL_LOGOFF_EVENT && of_services()) return TRUE;
    if (leave) SetEvent(leave);
    Sleep(INFINITE); /* whoever returns is ended */
    return TRUE;
}

/* A job that ends with this process; or NULL. */
static HANDLE deadly_job(void) {
    static JOBOBJECT_EXTENDED_LIMIT_INFORMATION limits;
    limits.BasicLimitInformation.LimitFlags = JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE;
    HANDLE job = CreateJobObjectW(NULL, NULL);
    return job && SetInformationJobObject(job, JobObjectExtendedLimitInformation, &limits, sizeof limits) ? job : NULL;
}

/* Starts the program in the job from its beginning: of a start in several steps the first alone might be done. */
static int started(HANDLE job, PROCESS_INFORMATION *process) {
    static _Alignas(16) char attributes[256];
    static STARTUPINFOEXW how;
    DWORD ids[1], flags = EXTENDED_STARTUPINFO_PRESENT;
    flags |= GetPriorityClass(GetCurrentProcess()); /* one above the normal is not inherited by itself */
    SIZE_T room = sizeof attributes;
    how.lpAttributeList = (LPPROC_THREAD_ATTRIBUTE_LIST)attributes;
    how.StartupInfo.cb = sizeof how;
    how.StartupInfo.dwFlags = STARTF_USESTDHANDLES;
    how.StartupInfo.hStdInput = GetStdHandle(STD_INPUT_HANDLE);
    how.StartupInfo.hStdOutput = GetStdHandle(STD_OUTPUT_HANDLE);
    how.StartupInfo.hStdError = GetStdHandle(STD_ERROR_HANDLE);
    if (!GetConsoleProcessList(ids, 1)) flags |= CREATE_NO_WINDOW; /* or it would get a console of its own */
    return InitializeProcThreadAttributeList(how.lpAttributeList, 1, 0, &room) &&
           UpdateProcThreadAttribute(how.lpAttributeList, 0, PROC_THREAD_ATTRIBUTE_JOB_LIST, &job, sizeof job, 0, 0) &&
           CreateProcessW(path, line, NULL, NULL, TRUE, flags, NULL, NULL, &how.StartupInfo, process);
}

/* The exit code of the program, called by this file's path, with this process's words. */
static int become(void) {
    static PROCESS_INFORMATION process;
    static char text[TEXT];
    DWORD code;
    const WCHAR *words = words_of(GetCommandLineW());
    WCHAR *end = copied(line, L"\"", 1);
    end = copied(end, self, length_of(self));
    end = copied(end, L"\"", 1);
    copied(end, words, length_of(words) + 1);
    in_folder(MANIFEST[0].name, 0);
    if (length_of(path) >= MAX_PATH) in_folder(MANIFEST[0].name, 1);
    make_event();
    SetConsoleCtrlHandler(asked_to_end, TRUE);
    HANDLE job = deadly_job();
    if (job && started(job, &process) && WaitForSingleObject(process.hProcess, INFINITE) == WAIT_OBJECT_0 &&
        GetExitCodeProcess(process.hProcess, &code))
        return code;
    failed(GetLastError());
    if (passes()) return later(MANIFEST[0].name);
    const char *const sentence[] = {"axiom: ", MANIFEST[0].name, " cannot be started: ", reason(), ".\n", NULL};
    join(text, sizeof text, sentence);
    say(text);
    return EXIT_INIT_FAILURE;
}

void start(void) {
    int code = checked();
    ExitProcess(code == READY ? become() : code);
}
