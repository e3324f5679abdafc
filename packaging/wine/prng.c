/* bcryptprimitives.dll, which Wine 8 has not: the random bytes that Rust's library asks for, from advapi32. */

__declspec(dllimport) unsigned char __stdcall SystemFunction036(void *bytes, unsigned long count);

__declspec(dllexport) int __stdcall ProcessPrng(unsigned char *bytes, unsigned long long count) {
    return SystemFunction036(bytes, (unsigned long)count);
}
