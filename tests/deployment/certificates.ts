/**
 * Two certificates for model.example, localhost and 127.0.0.1, each signed by itself, valid for a hundred years: only
 * for tests. Made with
 * openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 36500 -subj "/CN=model.example"
 *   -addext "subjectAltName=DNS:model.example,DNS:localhost,IP:127.0.0.1" -addext "basicConstraints=critical,CA:FALSE"
 */
export const CERTIFICATES = {
  one: {
    cert: `-----BEGIN CERTIFICATE-----
MIIBrjCCAVWgAwIBAgIUQr/OzRdc1L+RZyAksNi6hnXiQfAwCgYIKoZIzj0EAwIw
GDEWMBQGA1UEAwwNbW9kZWwuZXhhbXBsZTAgFw0yNjExMjYyMDI5MjNaGA8yMTI2
MTEwMjIwMjkyM1owGDEWMBQGA1UEAwwNbW9kZWwuZXhhbXBsZTBZMBMGByqGSM49
AgEGCCqGSM49AwEHA0IABJtMku6EEY8K4UM8DX9YjggyxVkioyQ0hcFdKRNLVvSJ
3zLuK57voyiqQDkbf2KAM/gI/eeLWRda4cuTPtBSVC2jezB5MB0GA1UdDgQWBBRG
O0Kqai77nErvOXJ9bhC1YR1nyzAfBgNVHSMEGDAWgBRGO0Kqai77nErvOXJ9bhC1
YR1nyzApBgNVHREEIjAggg1tb2RlbC5leGFtcGxlgglsb2NhbGhvc3SHBH8AAAEw
DAYDVR0TAQH/BAIwADAKBggqhkjOPQQDAgNHADBEAiArNLCf7oJ2zDn9koaunmzB
agWM/HVQbWNUsZ1KxL9/+QIgR2OGUv7dqaYGhRFyhEjS+JMZOj05btKQ8p2tmUX+
k3E=
-----END CERTIFICATE-----
`,
    key: `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgZB5cxCGgc1EMQPHz
tjEWN96g2D1aJGAhYRu6mG5kRcOhRANCAASbTJLuhBGPCuFDPA1/WI4IMsVZIqMk
NIXBXSkTS1b0id8y7iue76MoqkA5G39igDP4CP3ni1kXWuHLkz7QUlQt
-----END PRIVATE KEY-----
`,
  },
  two: {
    cert: `-----BEGIN CERTIFICATE-----
MIIBrzCCAVWgAwIBAgIUJTt83x6i8/QhRE/Qihoij8qD0SYwCgYIKoZIzj0EAwIw
GDEWMBQGA1UEAwwNbW9kZWwuZXhhbXBsZTAgFw0yNjExMjYyMDI5MjNaGA8yMTI2
MTEwMjIwMjkyM1owGDEWMBQGA1UEAwwNbW9kZWwuZXhhbXBsZTBZMBMGByqGSM49
AgEGCCqGSM49AwEHA0IABCUpsa/AJqST6Vjs+uNyf2eHS5dXcyLdDpLsJNLf/q1h
Gpx9rLQscXfYZglqB9S5MZIonbFeN9ASIsZyhsQ4zlOjezB5MB0GA1UdDgQWBBTz
TfOs5Lw+mj+/h0mdO9rps/KPbzAfBgNVHSMEGDAWgBTzTfOs5Lw+mj+/h0mdO9rp
s/KPbzApBgNVHREEIjAggg1tb2RlbC5leGFtcGxlgglsb2NhbGhvc3SHBH8AAAEw
DAYDVR0TAQH/BAIwADAKBggqhkjOPQQDAgNIADBFAiEAukpftN+G32fI6ke3Rlfd
44MoolWuS/qoJCQXRWSewlECIGFqP1AVlC0pAn2LSaKD/AdqgtydtPX2hHjRdquJ
Xf9V
-----END CERTIFICATE-----
`,
    key: `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgvAxhXe9ijvNb0psX
6Xvma5MjtyfptgpDVKlhZuoeO5+hRANCAAQlKbGvwCakk+lY7Prjcn9nh0uXV3Mi
3Q6S7CTS3/6tYRqcfay0LHF32GYJagfUuTGSKJ2xXjfQEiLGcobEOM5T
-----END PRIVATE KEY-----
`,
  },
};
