/* SPDX-License-Identifier: Apache-2.0 */
#include "identity.h"

/* For tests only: both halves are public. */

const char identity_certificate[] =
    "-----BEGIN CERTIFICATE-----\n"
    "MIIBpDCCAUugAwIBAgIUHJSpXBKp9JiYPfnIXkuisrN80DswCgYIKoZIzj0EAwIw\n"
    "JzElMCMGA1UEAwwcYmlydGhtYXJrIGJhcmUtbWV0YWwgZXhhbXBsZTAgFw0yNjEx\n"
    "MjIxMTMyNDRaGA8yMTI2MTAyOTExMzI0NFowJzElMCMGA1UEAwwcYmlydGhtYXJr\n"
    "IGJhcmUtbWV0YWwgZXhhbXBsZTBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABKw4\n"
    "VrKxWKqJ2hmB8M3Ddx0r4Hf6AC/cUyI/8SJwTNR/psJP8an/aTxZGx5pO01KVxEB\n"
    "VzVDpGUP9fBl9GlA33GjUzBRMB0GA1UdDgQWBBTiiB31jLV4AcBsPALUHrrJ+vTB\n"
    "CzAfBgNVHSMEGDAWgBTiiB31jLV4AcBsPALUHrrJ+vTBCzAPBgNVHRMBAf8EBTAD\n"
    "AQH/MAoGCCqGSM49BAMCA0cAMEQCIDs+nkLtm2oCtYc/+wbRlDkbEAB/k4I0Ap58\n"
    "fosjnao3AiAOh9KpBb5oKp1ZfOhU8HZvYTbgOcHxIESoAUl8QtrXRA==\n"
    "-----END CERTIFICATE-----\n";

const char identity_key[] = "-----BEGIN PRIVATE KEY-----\n"
                            "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgZK8C3y06HzQZaQGF\n"
                            "caV+Yy7NezrVMFJ7EbfubYoy7/ehRANCAASsOFaysViqidoZgfDNw3cdK+B3+gAv\n"
                            "3FMiP/EicEzUf6bCT/Gp/2k8WRseaTtNSlcRAVc1Q6RlD/XwZfRpQN9x\n"
                            "-----END PRIVATE KEY-----\n";
