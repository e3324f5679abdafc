/* A Windows program, by Wine's library, that runs Linux's Python and lets it call kernel32: the functions below have
   Linux's calling convention, which ctypes speaks there.
   Usage: host.exe LIBPYTHON SCRIPT ARGUMENT ARGUMENT; host.exe sleep, which tells its process id. */
#include <windows.h>
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

#define LINUX __attribute__((visibility("default"), sysv_abi))

LINUX void *call_CreateFileW(const WCHAR *path, DWORD access, DWORD share, void *security, DWORD how, DWORD flags, void *like) {
    return CreateFileW(path, access, share, security, how, flags, like);
}
LINUX void *call_OpenFileMappingW(DWORD access, int inherit, const WCHAR *name) { return OpenFileMappingW(access, inherit, name); }
LINUX void *call_MapViewOfFile(void *mapping, DWORD access, DWORD high, DWORD low, size_t bytes) {
    return MapViewOfFile(mapping, access, high, low, bytes);
}
LINUX int call_UnmapViewOfFile(void *address) { return UnmapViewOfFile(address); }
LINUX void *call_OpenProcess(DWORD access, int inherit, DWORD pid) { return OpenProcess(access, inherit, pid); }
LINUX void *call_OpenEventW(DWORD access, int inherit, const WCHAR *name) { return OpenEventW(access, inherit, name); }
LINUX DWORD call_WaitForSingleObject(void *handle, DWORD milliseconds) { return WaitForSingleObject(handle, milliseconds); }
LINUX int call_CloseHandle(void *handle) { return CloseHandle(handle); }
LINUX DWORD call_GetErrorMode(void) { return GetErrorMode(); }
LINUX DWORD call_SetErrorMode(DWORD mode) { return SetErrorMode(mode); }
LINUX int call_ProcessIdToSessionId(DWORD pid, DWORD *session) { return ProcessIdToSessionId(pid, session); }

typedef int __attribute__((sysv_abi)) (*Routine)(DWORD); /* as ctypes makes it */
static Routine routine;
static int accepted;
static BOOL WINAPI console_event(DWORD event) { return routine(event); }
LINUX int call_SetConsoleCtrlHandler(Routine given, int add) {
    routine = given;
    return accepted = SetConsoleCtrlHandler(console_event, add);
}
LINUX DWORD last_error(void) { return GetLastError(); }

LINUX int was_accepted(void) { return accepted; }

/* What Python does on Windows. */
LINUX int replace(const WCHAR *from, const WCHAR *to) { return MoveFileExW(from, to, MOVEFILE_REPLACE_EXISTING); }

/* What a virus scanner does: it reads a file, and lets others read and write it, but not delete it. */
LINUX void *hold(const WCHAR *path) {
    return CreateFileW(path, GENERIC_READ, FILE_SHARE_READ | FILE_SHARE_WRITE, 0, OPEN_EXISTING, 0, 0);
}

/* A console's event, in a thread of its own as there; GenerateConsoleCtrlEvent wants a console, which Wine may not have. */
static DWORD WINAPI bring(void *event) { return console_event((DWORD)(size_t)event); }
LINUX int tell(DWORD event) {
    DWORD answer;
    HANDLE thread = CreateThread(0, 0, bring, (void *)(size_t)event, 0, 0);
    WaitForSingleObject(thread, INFINITE);
    GetExitCodeThread(thread, &answer);
    CloseHandle(thread);
    return answer;
}

/* What a client does. */
LINUX void *make_mapping(const WCHAR *name, DWORD bytes) {
    return CreateFileMappingW(INVALID_HANDLE_VALUE, 0, PAGE_READWRITE, 0, bytes, name);
}
LINUX DWORD my_pid(void) { return GetCurrentProcessId(); }
LINUX int end_sleeper(DWORD pid) {
    HANDLE process = OpenProcess(PROCESS_TERMINATE | SYNCHRONIZE, 0, pid);
    int ended = TerminateProcess(process, 0) && WaitForSingleObject(process, 5000) == WAIT_OBJECT_0;
    CloseHandle(process);
    return ended;
}

int main(int count, char **arguments) {
    if (count == 2 && !strcmp(arguments[1], "sleep")) {
        printf("%u\n", (unsigned)GetCurrentProcessId());
        fflush(stdout);
        Sleep(3600000);
        return 0;
    }
    void *python = dlopen(arguments[1], RTLD_NOW | RTLD_GLOBAL);
    if (!python) {
        fprintf(stderr, "%s\n", dlerror());
        return 9;
    }
    int (*run)(int, char **) = dlsym(python, "Py_BytesMain");
    char *passed[] = {"python3", arguments[2], arguments[3], arguments[4], 0};
    return run(4, passed);
}
