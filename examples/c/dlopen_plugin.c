/* Burns CPU in a library that is loaded while the program runs, and that may be gone from disk before it is sampled.
 *
 * Usage: dlopen_plugin PLUGIN.so [SECONDS] [--delete]: with --delete, PLUGIN.so is unlinked right after it is loaded. */
#include <dlfcn.h>
#include <unistd.h>

#include "burn.h"

static uint64_t host_ns;

static NAMED void host_work(uint64_t ns) { SPIN(ns, host_ns); }

int main(int count, char **arguments) {
    if (count < 2) {
        fprintf(stderr, "usage: dlopen_plugin PLUGIN.so [SECONDS] [--delete]\n");
        return 2;
    }
    uint64_t whole = seconds_to_ns(count > 2 ? arguments[2] : "1");
    host_work(whole / 2);
    void *plugin = dlopen(arguments[1], RTLD_NOW);
    if (!plugin) {
        fprintf(stderr, "%s\n", dlerror());
        return 1;
    }
    if (count > 3 && strcmp(arguments[3], "--delete") == 0)
        unlink(arguments[1]);
    uint64_t (*plugin_work)(uint64_t) = (uint64_t (*)(uint64_t))dlsym(plugin, "plugin_work");
    uint64_t plugin_ns = plugin_work(whole / 2);
    print_leaves("dlopen_plugin", (struct entry[]){{"host_work", host_ns}, {"plugin_work", plugin_ns}, {0}});
    return 0;
}
