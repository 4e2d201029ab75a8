// SPDX-License-Identifier: GPL-2.0
/*
 * QUERY, and what holds for every operation: sizes, versions, unknown bits and
 * bad pointers are answered as the header says.
 */
#include "kel.h"

static struct kelevate_info info;

static long query(unsigned int size, unsigned int abi, void *at)
{
	struct kelevate_info *i = at;

	i->size = size;
	i->abi = abi;
	return kel(KELEVATE_QUERY, 0, i);
}

static void sizes(void)
{
	unsigned char big[8192] __attribute__((aligned(8)));
	struct kelevate_info *in = (void *)big;

	for (unsigned int size = 8; size <= sizeof(info); size += 8) {
		memset(big, 0, sizeof(big));
		memset(big + size, 0xa5, sizeof(big) - size);
		must(query(size, KELEVATE_ABI, big) == 0, "size %u", size);
		must(in->size == size && in->abi == KELEVATE_ABI, "size %u", size);
		must(big[size] == 0xa5, "size %u: more was written", size);
	}
	memset(big, 0, sizeof(big));
	must(query(sizeof(info) + 64, KELEVATE_ABI, big) == 0);
	must(in->size == sizeof(info));
	must(!memcmp(in->version, info.version, sizeof(info.version)));
	must(query(4096, KELEVATE_ABI, big) == 0);
	big[sizeof(info)] = 1;
	must(query(sizeof(info) + 64, KELEVATE_ABI, big) == -E2BIG);
	big[sizeof(info)] = 0;
	big[sizeof(info) + 63] = 1;
	must(query(sizeof(info) + 64, KELEVATE_ABI, big) == -E2BIG);
	must(query(0, KELEVATE_ABI, big) == -EINVAL);
	must(query(4, KELEVATE_ABI, big) == -EINVAL);
	must(query(4097, KELEVATE_ABI, big) == -EINVAL);
	must(query(-1U, KELEVATE_ABI, big) == -EINVAL);
}

static void pointers(void)
{
	char *page = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct kelevate_info *end = (void *)(page + 4096 - sizeof(info) / 2);
	static const unsigned int ops[] = { KELEVATE_QUERY, KELEVATE_STAT, KELEVATE_ROW,
					    KELEVATE_RESOLVE, KELEVATE_CALL };

	must(page != MAP_FAILED && !munmap(page + 4096, 4096));
	for (size_t i = 0; i < sizeof(ops) / sizeof(*ops); i++) {
		must(kel(ops[i], 0, NULL) == -EFAULT, "op %u", ops[i]);
		must(kel(ops[i], 0, (void *)8) == -EFAULT, "op %u", ops[i]);
		must(kel(ops[i], 0, (void *)KERNEL_ADDRESS) == -EFAULT, "op %u", ops[i]);
		must(kel(ops[i], 0, (void *)0x1000000000000) == -EFAULT, "op %u", ops[i]);
		must(kel(ops[i], 0, page + 4096) == -EFAULT, "op %u", ops[i]);
		/* the size is there, the rest is not */
		*(uint32_t *)(page + 4092) = 64;
		must(kel(ops[i], 0, page + 4092) == -EFAULT, "op %u", ops[i]);
	}
	must(query(sizeof(info), KELEVATE_ABI, end) == -EFAULT);
	end = (void *)page;
	end->size = sizeof(info);
	end->abi = KELEVATE_ABI;
	must(!mprotect(page, 4096, PROT_READ));
	must(kel(KELEVATE_QUERY, 0, end) == -EFAULT);
}

int main(void)
{
	struct kelevate_symbol s = { .size = sizeof(s), .name = "jiffies" };
	struct kelevate_call c = { .size = sizeof(c) };
	struct kelevate_stat st = { .size = sizeof(st), .abi = KELEVATE_ABI };
	struct kelevate_row row = { .size = sizeof(row) };
	uint64_t hook;

	must(query(sizeof(info), KELEVATE_ABI, &info) == 0);
	must(info.size == sizeof(info) && info.abi == KELEVATE_ABI);
	must(info.features & KELEVATE_F_GATE);
	hook = info.features & (KELEVATE_F_HOOK_TABLE | KELEVATE_F_HOOK_KPROBE);
	must(hook == KELEVATE_F_HOOK_TABLE || hook == KELEVATE_F_HOOK_KPROBE, "%#lx", hook);
	must(info.state == KELEVATE_S_CAPABLE, "%#llx", info.state);
	must(info.gate == 0, "an address for one who is not granted");
#ifdef __x86_64__
	must(info.features & KELEVATE_F_VECTOR);
	must(info.vector >= 0x16 && info.vector <= 0x1b, "%u", info.vector);
#else
	must(!(info.features & KELEVATE_F_VECTOR) && !info.vector);
#endif
	must(info.nr_rows > 0 && info.nr_rows <= KELEVATE_ROWS_MAX);
	must(info.shortcuts[SYS_read / 64] >> SYS_read % 64 & 1, "no shortcut for read");
	must(info.version[0] && memchr(info.version, 0, sizeof(info.version)));
	must(!info.resv[0] && !info.resv[3]);

	sizes();
	pointers();

	memset(&info, 0, sizeof(info));
	must(query(sizeof(info), KELEVATE_ABI + 1, &info) == -EPROTONOSUPPORT);
	must(info.abi == KELEVATE_ABI);
	memset(&info, 0, sizeof(info));
	must(query(sizeof(info), 0, &info) == -EPROTONOSUPPORT);
	must(info.abi == KELEVATE_ABI);
	must(query(8, 99, &info) == -EPROTONOSUPPORT && info.abi == KELEVATE_ABI);

	memset(&info, 0, sizeof(info));
	info.resv[3] = 1;
	must(query(sizeof(info), KELEVATE_ABI, &info) == -EINVAL);

	for (unsigned int op = KELEVATE_NULL + 1; op < 70; op++)
		must(kel(op, 0, &info) == -EINVAL, "op %u", op);
	must(kel(-1U, 0, &info) == -EINVAL);
	must(kel(KELEVATE_QUERY, 1, &info) == -EINVAL);
	must(kel(KELEVATE_QUERY, 1UL << 63, &info) == -EINVAL);
	must(kel(KELEVATE_ELEVATE, 1UL << 3, NULL) == -EINVAL);
	must(kel(KELEVATE_ELEVATE, 1UL << 32, NULL) == -EINVAL);
	must(kel(KELEVATE_ELEVATE, KELEVATE_KADDR, NULL) == -EINVAL);
	must(kel(KELEVATE_ELEVATE, KELEVATE_BRACKETED, NULL) == -EINVAL);
	must(kel(KELEVATE_ELEVATE, KELEVATE_STICKY | KELEVATE_KADDR | KELEVATE_BRACKETED,
		 NULL) == -EINVAL);
	must(kel(KELEVATE_LOWER, 2, NULL) == -EINVAL);
	must(kel(KELEVATE_SETTLE, 1, NULL) == -EINVAL);
	must(kel(KELEVATE_GRANT, 0, NULL) == -EINVAL);
	must(kel(KELEVATE_GRANT, 8, NULL) == -EINVAL);
	must(kel(KELEVATE_GRANT, KELEVATE_GRANT_SELF | KELEVATE_GRANT_EXEC, NULL) == -EINVAL);
	must(kel(KELEVATE_STAT, 2, &st) == -EINVAL);
	st.resv[0] = 1;
	must(kel(KELEVATE_STAT, 0, &st) == -EINVAL);
	st.resv[0] = 0;
	st.abi = 2;
	must(kel(KELEVATE_STAT, 0, &st) == -EPROTONOSUPPORT);
	must(kel(KELEVATE_ROW, 1, &row) == -EINVAL);
	row.resv[1] = 1;
	must(kel(KELEVATE_ROW, 0, &row) == -EINVAL);
	must(kel(KELEVATE_RESOLVE, 1, &s) == -EINVAL);
	must(kel(KELEVATE_RESOLVE, 0, &s) == -EPERM, "not granted yet");
	s.resv0 = 1;
	must(kel(KELEVATE_RESOLVE, 0, &s) == -EINVAL);
	s.resv0 = 0;
	memset(s.name, 'x', sizeof(s.name));
	must(kel(KELEVATE_RESOLVE, 0, &s) == -EINVAL, "a name without its end");
	must(kel(KELEVATE_CALL, 1, &c) == -EINVAL);
	must(kel(KELEVATE_CALL, 0, &c) == -EPERM);
	c.resv[0] = 1;
	must(kel(KELEVATE_CALL, 0, &c) == -EINVAL);

	/* nothing of all this granted or elevated anything */
	must(kel_query().state == KELEVATE_S_CAPABLE);
	must(cpl() == 3);
	return 0;
}
