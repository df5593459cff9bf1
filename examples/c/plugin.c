/* Loaded by dlopen_plugin.c while it runs. */
#include "burn.h"

NAMED uint64_t plugin_work(uint64_t ns) {
    uint64_t spent = 0;
    SPIN(ns, spent);
    return spent;
}
