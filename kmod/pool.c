// SPDX-License-Identifier: GPL-2.0
/*
 * Records of one size that are there when a process forks: it must not fail for
 * us. That it does a tracepoint tells, in whose handler nothing may sleep.
 * Real-time kernels sleep for any allocation; there some records are at hand.
 */
#include <linux/slab.h>
#include "kelevate.h"

#define RT	IS_ENABLED(CONFIG_PREEMPT_RT)

static void fill(struct work_struct *work)
{
	struct kel_pool *pool = container_of(work, struct kel_pool, fill);
	bool full;
	void *item;

	do {
		item = mempool_alloc(pool->all, GFP_KERNEL);
		raw_spin_lock(&pool->lock);
		full = pool->nr == ARRAY_SIZE(pool->at_hand);
		if (!full)
			pool->at_hand[pool->nr++] = item;
		raw_spin_unlock(&pool->lock);
	} while (!full);
	mempool_free(item, pool->all);
}

/* On any CPU: the one that forks may have more urgent things to do. */
static int keep_at_hand(struct kel_pool *pool)
{
	pool->filler = alloc_workqueue("kelevate", WQ_UNBOUND | WQ_HIGHPRI, 1);
	if (!pool->filler)
		return -ENOMEM;
	raw_spin_lock_init(&pool->lock);
	INIT_WORK(&pool->fill, fill);
	fill(&pool->fill);
	return 0;
}

int kel_pool_init(struct kel_pool *pool, unsigned int min, size_t size)
{
	pool->all = mempool_create_kmalloc_pool(min, size);
	if (!pool->all)
		return -ENOMEM;
	if (RT && keep_at_hand(pool)) {
		mempool_destroy(pool->all);
		return -ENOMEM;
	}
	return 0;
}

/* RCU's callbacks give back. Nobody takes any more. */
void kel_pool_exit(struct kel_pool *pool)
{
	rcu_barrier();
	if (RT)
		destroy_workqueue(pool->filler);
	while (pool->nr)
		mempool_free(pool->at_hand[--pool->nr], pool->all);
	mempool_destroy(pool->all);
}

/* In process context. Waits until there is one. */
void *kel_pool_take(struct kel_pool *pool)
{
	return mempool_alloc(pool->all, GFP_KERNEL);
}

/* Anywhere but in interrupts; on real-time kernels with a raw lock, too. NULL: there is none. */
void *kel_pool_take_atomic(struct kel_pool *pool)
{
	void *item = NULL;

	if (!RT)
		return mempool_alloc(pool->all, GFP_NOWAIT | __GFP_NOWARN);
	raw_spin_lock(&pool->lock);
	if (pool->nr)
		item = pool->at_hand[--pool->nr];
	raw_spin_unlock(&pool->lock);
	queue_work(pool->filler, &pool->fill);
	return item;
}

/* Where it may sleep on a real-time kernel: RCU's callbacks may there. */
void kel_pool_give(struct kel_pool *pool, void *item)
{
	mempool_free(item, pool->all);
}
