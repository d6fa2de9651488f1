/**
 * @file make_cert.h
 * A self-signed certificate and its key, new with each test run.
 */
#ifndef MAKE_CERT_H
#define MAKE_CERT_H

typedef struct make_cert {
    char folder[64];
    char cert_file[96];
    char key_file[96];
} make_cert;

/** Made out to `host_name`, in a temporary folder. Fails the test when it cannot. */
void make_cert_init(make_cert *c, const char *host_name);

/** Remove the files. */
void make_cert_free(make_cert *c);

#endif
