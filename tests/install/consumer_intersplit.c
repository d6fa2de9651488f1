/* A stranger's program: libintersplit as pkg-config describes it, libintercom beside it.
 */
#include <stdio.h>

#include <intercom/intercom.h>
#include <intersplit/intersplit.h>

int main(void)
{
    const isplit_share balances[] = {{"alice", 1000}, {"bob", -1000}};
    isplit_plan plan;

    int rc = ic_init();
    if (rc == 0)
        rc = isplit_plan_make(balances, 2, &plan);
    if (rc != 0) {
        (void)fprintf(stderr, "%s\n", ic_strerror(rc));
        return 1;
    }
    for (size_t i = 0; i < plan.count; i++)
        (void)printf("%s -> %s: %lld\n", plan.transfers[i].from, plan.transfers[i].to,
                     (long long)plan.transfers[i].amount_minor);
    isplit_plan_free(&plan);
    return 0;
}
