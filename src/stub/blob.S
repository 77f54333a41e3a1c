/* SPDX-License-Identifier: Apache-2.0 */
/* The linked stub, as data inside ocirun. Assembled in the build directory's root. */
	.section .rodata
	.globl ocirun_stub_begin, ocirun_stub_end
	.hidden ocirun_stub_begin, ocirun_stub_end
	.balign 16
ocirun_stub_begin:
	.incbin "src/stub/stub"
ocirun_stub_end:
	.section .note.GNU-stack,"",%progbits
