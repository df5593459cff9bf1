/** Functions that allocate for others: who calls them is what one wants to know. */

const C = /^(__libc_|__GI___libc_|_*je_|mi_|tc_)?(m|c|re|v|pv)alloc(array)?$/;
const ALIGNED = /^(__libc_|_*je_|mi_|tc_)?(memalign|aligned_alloc|posix_memalign)$/;
const CPP =
  /^(operator new(\[\])?|__gnu_cxx::new_allocator<.*|std::(__new_allocator|allocator|allocator_traits)<.*)/;
const RUST =
  /^(__rust_|__rdl_|__rg_|__rustc::__rust_|__rustc::__rdl_|std::alloc::|alloc::alloc::|alloc::raw_vec::|<alloc::alloc::Global |<alloc::raw_vec::|<std::alloc::System )/;

export function isAllocator(name: string): boolean {
  return C.test(name) || ALIGNED.test(name) || CPP.test(name) || RUST.test(name);
}
