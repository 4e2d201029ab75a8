/* SPDX-License-Identifier: GPL-2.0 */
/* Where fake_module.c puts its gate, and what counts the calls of it. */
#define FAKE_GATE		0x200000000
#define FAKE_GATE_COUNT		0x200000800
#define FAKE_GATE_COUNT_TEXT	"0x200000800"
