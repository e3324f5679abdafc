/* A Windows program that stands for the program which the launcher starts, and for the client that starts the launcher.

   Without words it reports how it was started and ends with 7. By the first word after its name:
       code N            ends with that code
       sleep             reports, and waits to be ended
       hold PATH         keeps a file open that nobody else may open, until its input ends
       end PID OTHER     ends a process as the client does, and ends when the other has ended too
       start             starts the file PROBE_FILE with the command line PROBE_LINE and with PROBE_FLAGS, flags of
                         CreateProcessW, and ends as that does
   It uses kernel32 alone, like the launcher, so that no C library has to be built first. */

#define _WIN32_WINNT 0x0A00
#include <windows.h>
#include <tlhelp32.h>

static WCHAR text[1 << 16];

static int length_of(const WCHAR *words) {
    int length = 0;
    while (words[length]) length++;
    return length;
}

static void print(const WCHAR *line) {
    static char bytes[1 << 18];
    DWORD written;
    int length = WideCharToMultiByte(CP_UTF8, 0, line, length_of(line), bytes, sizeof bytes - 1, NULL, NULL);
    bytes[length++] = '\n';
    WriteFile(GetStdHandle(STD_OUTPUT_HANDLE), bytes, length, &written, NULL);
}

static void tell(const WCHAR *name, const WCHAR *value) {
    static WCHAR line[1 << 17];
    WCHAR *end = line;
    for (; *name; name++) *end++ = *name;
    *end++ = '=';
    for (; *value; value++) *end++ = *value;
    *end = 0;
    print(line);
}

static void tell_number(const WCHAR *name, DWORD number) {
    WCHAR digits[11], *digit = digits + 10;
    *digit = 0;
    do *--digit = '0' + number % 10;
    while (number /= 10);
    tell(name, digit);
}

static DWORD parent(void) {
    PROCESSENTRY32W entry;
    entry.dwSize = sizeof entry;
    HANDLE all = CreateToolhelp32Snapshot(TH32CS_SNAPPROCESS, 0);
    for (BOOL found = Process32FirstW(all, &entry); found; found = Process32NextW(all, &entry))
        if (entry.th32ProcessID == GetCurrentProcessId()) return entry.th32ParentProcessID;
    return 0;
}

static void report(void) {
    tell(L"!line", GetCommandLineW());
    GetModuleFileNameW(NULL, text, 1 << 15);
    tell(L"!file", text);
    GetCurrentDirectoryW(1 << 15, text);
    tell(L"!folder", text);
    tell_number(L"!parent", parent());
    tell_number(L"!number", GetCurrentProcessId());
    for (WCHAR *variable = GetEnvironmentStringsW(); *variable; variable += length_of(variable) + 1) print(variable);
}

static const WCHAR *next(const WCHAR *words) {
    for (int quoted = 0; *words && (quoted || *words != ' '); words++)
        if (*words == '"') quoted = !quoted;
    while (*words == ' ') words++;
    return words;
}

static int is(const WCHAR *words, const WCHAR *word) {
    while (*word && *words == *word) words++, word++;
    return !*word && (!*words || *words == ' ');
}

static DWORD number(const WCHAR *digits) {
    DWORD value = 0;
    for (; *digits >= '0' && *digits <= '9'; digits++) value = 10 * value + (*digits - '0');
    return value;
}

static DWORD ended(HANDLE process) {
    DWORD code = 0;
    WaitForSingleObject(process, INFINITE);
    GetExitCodeProcess(process, &code);
    return code;
}

static DWORD run(void) {
    static WCHAR file[1 << 15], flags[16];
    STARTUPINFOW how = {.cb = sizeof how};
    PROCESS_INFORMATION process;
    GetEnvironmentVariableW(L"PROBE_FILE", file, 1 << 15);
    GetEnvironmentVariableW(L"PROBE_LINE", text, 1 << 15);
    GetEnvironmentVariableW(L"PROBE_FLAGS", flags, 16);
    how.dwFlags = STARTF_USESTDHANDLES;
    how.hStdInput = GetStdHandle(STD_INPUT_HANDLE);
    how.hStdOutput = GetStdHandle(STD_OUTPUT_HANDLE);
    how.hStdError = GetStdHandle(STD_ERROR_HANDLE);
    BOOL started = CreateProcessW(file, text, NULL, NULL, TRUE, number(flags), NULL, NULL, &how, &process);
    return started ? ended(process.hProcess) : 99;
}

static DWORD hold(const WCHAR *path) {
    char byte;
    DWORD got;
    WCHAR *to = text;
    for (; *path; path++)
        if (*path != '"') *to++ = *path;
    *to = 0;
    if (CreateFileW(text, GENERIC_READ, 0, NULL, OPEN_EXISTING, 0, NULL) == INVALID_HANDLE_VALUE) return 98;
    print(L"held");
    while (ReadFile(GetStdHandle(STD_INPUT_HANDLE), &byte, 1, &got, NULL) && got);
    return 0;
}

static DWORD end(DWORD number, DWORD other) {
    HANDLE process = OpenProcess(PROCESS_TERMINATE | SYNCHRONIZE, FALSE, number);
    HANDLE watched = OpenProcess(SYNCHRONIZE, FALSE, other);
    if (!watched || !TerminateProcess(process, 1)) return 97;
    return WaitForSingleObject(watched, INFINITE);
}

void start(void) {
    const WCHAR *words = next(GetCommandLineW());
    DWORD code = 7;
    if (is(words, L"code")) code = number(next(words));
    else if (is(words, L"hold")) code = hold(next(words));
    else if (is(words, L"end")) code = end(number(next(words)), number(next(next(words))));
    else if (is(words, L"start")) code = run();
    else report();
    if (is(words, L"sleep")) Sleep(INFINITE);
    ExitProcess(code);
}
