/* A stranger's program: libintercom as pkg-config describes it. */
#include <stdio.h>
#include <string.h>

#include <intercom/intercom.h>

int main(void)
{
    if (ic_init() != IC_OK) {
        (void)fprintf(stderr, "ic_init failed\n");
        return 1;
    }
    if (strcmp(ic_version(), IC_VERSION) != 0) {
        (void)fprintf(stderr, "header %s, library %s\n", IC_VERSION, ic_version());
        return 1;
    }
    (void)printf("intercom %s\n", ic_version());
    return 0;
}
