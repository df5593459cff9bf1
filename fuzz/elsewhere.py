"""Texts of profilers of other systems, short, as their tools write them: seeds that this machine cannot record."""

DTRACE = """\
CPU     ID                    FUNCTION:NAME
  0  64091                        :tick-60s


              unix`mach_cpu_idle+0x6
              unix`idle+0xaf
                5

              libc.so.1`write+0x15
              a.out`ns::Class<int>::call(char const*)+0x2a
              a.out`main+0x83
              0x401020
               12
"""

SAMPLE = """\
Analysis of sampling a.out (pid 123) every 1 millisecond
Process:         a.out [123]
Call graph:
    7 Thread_8749954   DispatchQueue_1: com.apple.main-thread  (serial)
    + 7 start  (in libdyld.dylib) + 1  [0x7fff6c9d5cc9]
    +   7 main  (in a.out) + 20  [0x10a3f0f84]
    +     4 outer  (in a.out) + 8,12,...  [0x10a3f0f10,0x10a3f0f14,...]
    +     ! 3 inner  (in a.out) + 5  [0x10a3f0ee5]
    +     ! 1 ???  (in a.out)  load address 0x10a3f0000 + 0xee0  [0x10a3f0ee0]
    +     3 write  (in libsystem_kernel.dylib) + 10  [0x7fff6cb1f0aa]
    2 Thread_8749955
      2 start_wqthread  (in libsystem_pthread.dylib) + 13  [0x7fff6cbd3433]

Total number in stack (recursive counted multiple, when >=5):

Sort by top of stack, same collapsed (when >= 5):
"""

VTUNE = """\
Function Stack,CPU Time:Self,Module
Total,0.0,[Unknown]
 _start,0.0,a.out
  main,0.010000,a.out
   "outer(int, char)",1.250000,a.out
    inner,0.500000,a.out
   write,0.020000,libc.so.6
 clone,0.0,libc.so.6
"""

XCTRACE = """\
<?xml version="1.0"?>
<trace-query-result><node xpath='//trace-toc[1]/run[1]/data[1]/table[1]'><schema name="time-profile"></schema>
<row><sample-time id="1" fmt="00:00.5">5</sample-time><weight id="2" fmt="1.00 ms">1000000</weight><backtrace id="3">
<frame id="4" name="a::inner::h0123456789abcdef" addr="0x102af5d99"><binary id="5" name="a.out"/></frame>
<frame id="6" name="main" addr="0x102af5fa0"><binary ref="5"/></frame></backtrace></row>
<row><sample-time id="7">6</sample-time><weight ref="2"/><backtrace id="8">
<frame id="9" name="a::outer&lt;T&gt;" addr="0x102af5d95"/><frame ref="6"/></backtrace></row>
<row><weight ref="2"/><backtrace ref="3"/></row>
</node></trace-query-result>
"""

TEXTS = {"dtrace": DTRACE, "macos_sample": SAMPLE, "vtune": VTUNE, "xctrace": XCTRACE}
"""By the target that reads them, without its `read_`."""
