// A program on BOINC's own C library: what it does is what a client expects of us.
// Usage: reference MODE, in the slot directory. Its twin on our runtime is twin.py; test_reference.py compares the two.

#include <cstdio>
#include <cstring>
#include <string>
#include <unistd.h>

#include <boinc/boinc_api.h>

static void piece() { usleep(50000); }

static int work() {
    for (int pieces = 1;; pieces++) {
        piece();
        boinc_fraction_done(pieces / 1000.0);
        if (boinc_time_to_checkpoint()) boinc_checkpoint_completed();
    }
}

static int mail() {
    char variety[] = "progress", body[] = "<x>1</x>\n";
    std::string name("result.msgpack");
    for (int pieces = 1; pieces < 55; pieces++) {
        piece();
        if (pieces == 5) boinc_send_trickle_up(variety, body);
        if (pieces == 25) boinc_upload_file(name);
    }
    return boinc_finish(0);
}

int main(int, char** arguments) {
    const char* mode = arguments[1];
    BOINC_OPTIONS options;
    boinc_options_defaults(options);
    if (boinc_init_options(&options)) return 1;
    if (!strcmp(mode, "work")) return work();
    if (!strcmp(mode, "mail")) return mail();
    piece();
    if (!strcmp(mode, "finish")) return boinc_finish(0);
    if (!strcmp(mode, "finish with a message")) return boinc_finish_message(0, "all fine", false);
    if (!strcmp(mode, "finish with a notice")) return boinc_finish_message(0, "all fine", true);
    if (!strcmp(mode, "temporary exit")) return boinc_temporary_exit(600, "no memory left", false);
    if (!strcmp(mode, "temporary exit with a notice")) return boinc_temporary_exit(600, "no memory left", true);
    return 2;
}
