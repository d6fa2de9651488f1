/**
 * @file intercom/sys/mem.h
 * Where both libraries get their memory.
 *
 * Threads  ic_mem_set before the first other call of either library, once; the rest from
 * any thread
 */
#ifndef INTERCOM_SYS_MEM_H
#define INTERCOM_SYS_MEM_H

#include <stddef.h>

#include "intercom/api.h"

IC_BEGIN_DECLS

/** Three functions with the contract of the C library's; `user` is handed back to each.
 */
typedef struct ic_mem_functions {
    void *(*alloc)(size_t size, void *user);
    void *(*resize)(void *p, size_t size, void *user);
    void (*release)(void *p, void *user);
    void *user;
} ic_mem_functions;

/** Use these functions from now on; NULL goes back to malloc, realloc and free. */
IC_API void ic_mem_set(const ic_mem_functions *functions);

/** `size` bytes, not cleared; NULL when there are none. A size of 0 gives a pointer to
 * free. */
IC_API IC_CHECK void *ic_mem_alloc(size_t size);

/** `count * size` cleared bytes; NULL when there are none or the product overflows. */
IC_API IC_CHECK void *ic_mem_calloc(size_t count, size_t size);

/** Change the size of `p` (NULL = a new piece); on NULL the old piece is untouched. */
IC_API IC_CHECK void *ic_mem_resize(void *p, size_t size);

/** Give back what one of the above, or a function that says so, returned; NULL is fine.
 */
IC_API void ic_mem_free(void *p);

IC_END_DECLS

#endif
