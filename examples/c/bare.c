/* Burns CPU without a C library: what the unwinder sees of `_start` is all in this file.
 *
 * Built with -nostdlib -static. PADDING puts so many bytes before the call in `_start`; without unwind tables
 * (-fno-asynchronous-unwind-tables) only the frame pointers lead to it. */
#ifndef PADDING
#define PADDING 0
#endif
#define TEXT_OF(number) #number
#define TEXT(number) TEXT_OF(number)

__asm__(".text\n"
        ".globl _start\n"
        ".type _start, @function\n"
        "_start:\n"
#ifdef __GCC_HAVE_DWARF2_CFI_ASM
        ".cfi_startproc\n"
        ".cfi_undefined rip\n"
#endif
        "xor %ebp, %ebp\n"
        ".rept " TEXT(PADDING) "\nnop\n.endr\n"
        "call outer\n"
        "mov $60, %eax\n"
        "xor %edi, %edi\n"
        "syscall\n"
#ifdef __GCC_HAVE_DWARF2_CFI_ASM
        ".cfi_endproc\n"
#endif
        ".size _start, . - _start\n");

static volatile unsigned long sink;

/* Right behind `_start`. */
__attribute__((noipa)) void hot(void) {
    for (unsigned long i = 0; i < 1500000000; i++)
        sink = i;
}

__attribute__((noipa)) void inner(void) {
    hot();
    sink = 1;
}

__attribute__((noipa)) void outer(void) {
    inner();
    sink = 2;
}
