"""Addresses somebody could give for a webhook to have us dial what is ours, and why each fails.

`NUMBERS` are what a name of theirs leads to; of `FORMS` no name is ever resolved.
"""

# ruff: noqa: RUF001 - letters that look like others are what this is about
from __future__ import annotations

#: By the reason they are refused for.
FORMS: dict[str, tuple[str, ...]] = {
    "form": (
        # another scheme, or the same written otherwise
        *("http://aplus.org/", "HTTPS://aplus.org/", "hTTpS://aplus.org/", "Http://aplus.org/"),
        *("ftp://aplus.org/", "file:///etc/passwd", "gopher://aplus.org:70/_x", "//aplus.org/"),
        *("https:aplus.org", "https:/aplus.org", "https:///aplus.org", "https:\\\\aplus.org"),
        *(
            "https ://aplus.org",
            "javascript:alert(1)",
            "data:text/plain,x",
            "jar:https://aplus.org",
        ),
        *("dict://aplus.org:11211/", "ldap://aplus.org/", "wss://aplus.org/", "unix:///run/x.sock"),
        *("", " ", "aplus.org", "https://", "https:// ", "http+unix://%2Fvar%2Frun%2Fdocker.sock/"),
        # numbers, however they are written
        *("https://127.0.0.1/", "https://127.1/", "https://127.0.1/", "https://127.000.000.001/"),
        *("https://0/", "https://0.0.0.0/", "https://10.0.0.1/", "https://192.168.1.1/"),
        *("https://169.254.169.254/", "https://169.254.169.254.", "https://8.8.8.8/"),
        *(
            "https://2130706433/",
            "https://2852039166/",
            "https://017700000001/",
            "https://4294967295/",
        ),
        *("https://0177.0.0.1/", "https://0177.0.0.01/", "https://0251.0376.0251.0376/"),
        *("https://0x7f.0.0.1/", "https://0x7f000001/", "https://0xa9fea9fe/", "https://0X7F.1/"),
        *(
            "https://0xa9.0xfe.0xa9.0xfe/",
            "https://127.0x1/",
            "https://127.0.0.0x1/",
            "https://0x/",
        ),
        *(
            "https://425.510.425.510/",
            "https://127.0.0.1.0/",
            "https://1.1.1.1.1/",
            "https://00000/",
        ),
        *("https://aplus.org.1/", "https://aplus.0x7f/", "https://1e3/", "https://127.0.0.1%00/"),
        # numbers in brackets, and zones
        *(
            "https://[::1]/",
            "https://[::]/",
            "https://[::ffff:127.0.0.1]/",
            "https://[::127.0.0.1]/",
        ),
        *("https://[::ffff:7f00:1]/", "https://[0:0:0:0:0:ffff:a9fe:a9fe]/", "https://[fe80::1]/"),
        *("https://[fe80::1%25eth0]/", "https://[fe80::1%eth0]/", "https://[::1%25lo]/"),
        *("https://[fd00:ec2::254]/", "https://[64:ff9b::7f00:1]/", "https://[2002:7f00:1::]/"),
        *("https://[2001:4860:4860::8888]/", "https://[v1.aplus]/", "https://[aplus.org]/"),
        *("https://[::1/", "https://::1]/", "https://::1/", "https://[]/", "https://[[::1]]/"),
        # somebody before the name
        *("https://a@aplus.org/", "https://a:b@aplus.org/", "https://aplus.org@127.0.0.1/"),
        *("https://127.0.0.1@aplus.org/", "https://@aplus.org/", "https://:@aplus.org/"),
        *("https://aplus.org:443@127.0.0.1/", "https://aplus.org%40127.0.0.1/"),
        *("https://aplus.org\\@127.0.0.1/", "https://127.0.0.1\\@aplus.org/"),
        *(
            "https://aplus.org#@127.0.0.1/",
            "https://aplus.org?@127.0.0.1/",
            "https://a@b@aplus.org/",
        ),
        # letters that are read as others
        *(
            "https://aplus。org/",
            "https://aplus．org/",
            "https://aplus｡org/",
            "https://127。0。0。1/",
        ),
        *(
            "https://①②⑦.⓪.⓪.①/",
            "https://１２７.０.０.１/",
            "https://ⓛocalhost/",
            "https://ａplus.org/",
        ),
        *("https://aplus.org\u200b/", "https://apl\u00adus.org/", "https://aplus\u2024org/"),
        *(
            "https://\u202eaplus.org/",
            "https://aplus.org\u2044x/",
            "https://éplus.org/",
            "https://ﬀ.org/",
        ),
        *(
            "https://ap%6cus.org/",
            "https://%61plus.org/",
            "https://aplus%2eorg/",
            "https://127%2e0.0.1/",
        ),
        # what ends a name early or late
        *(
            "https://aplus.org./",
            "https://aplus.org..",
            "https://.aplus.org/",
            "https://aplus..org/",
        ),
        *(
            "https://aplus.org\t/",
            "https://aplus.org\n/",
            "https://aplus.org\r\nhost: x/",
            " https://aplus.org/",
        ),
        *(
            "https://aplus.org/\n",
            "https://aplus.org/ ",
            "https://aplus.org\x00.x.org/",
            "https://aplus\x00.org",
        ),
        *(
            "https://aplus.org\\/",
            "https://aplus.org\\.127.0.0.1",
            "https://aplus.org;x/",
            "https://aplus.org,x/",
        ),
        *(
            "https://-aplus.org/",
            "https://aplus-.org/",
            "https://aplus_x.org/",
            "https://*.aplus.org/",
        ),
        *(
            "https://aplus.org/?next=http://169.254.169.254/",
            "https://aplus.org/#x",
            "https://aplus.org?x",
        ),
        *(
            "https://aplus.org/../x",
            "https://aplus.org/a/./b",
            "https://aplus.org/..",
            "https://aplus.org/%2e%2e/",
        ),
        *(
            "https://aplus.org/%0d%0ahost:x",
            "https://aplus.org/\r\nx",
            "https://aplus.org/a;b",
            "https://aplus.org/a b",
        ),
        *(
            "https://aplus.org//\\169.254.169.254",
            "https://aplus.org/@x",
            "https://aplus.org/:80",
            "https://aplus.org/{x}",
        ),
        # names of one word, and too long ones
        *(
            "https://localhost/",
            "https://LOCALHOST/",
            "https://localhost./",
            "https://nats/",
            "https://postgres/",
        ),
        *(
            "https://console/",
            "https://metadata/",
            "https://a/",
            "https://xn--/",
            "https://kubernetes/",
        ),
        *(
            "https://" + "a" * 64 + ".org/",
            "https://" + "a." * 126 + "org/",
            "https://aplus.org/" + "a" * 500,
        ),
        # ports that are none
        *(
            "https://aplus.org:/",
            "https://aplus.org:0/",
            "https://aplus.org:00443/",
            "https://aplus.org:443443/",
        ),
        *(
            "https://aplus.org:-1/",
            "https://aplus.org:+443/",
            "https://aplus.org:443:80/",
            "https://aplus.org:https/",
        ),
        *(
            "https://aplus.org:４４３/",
            "https://aplus.org:4 43/",
            "https://aplus.org:0x1bb/",
            "https://aplus.org:443\\x",
        ),
    ),
    "name": (
        *("https://x.localhost/", "https://localhost.localhost/", "https://printer.local/"),
        *(
            "https://referral.helpline.svc.cluster.local/",
            "https://kubernetes.default.svc.cluster.local/",
        ),
        *(
            "https://metadata.google.internal/",
            "https://instance-data.ec2.internal/",
            "https://a.intranet/",
        ),
        *(
            "https://router.lan/",
            "https://router.home/",
            "https://router.home.arpa/",
            "https://a.corp/",
        ),
        *(
            "https://1.0.0.127.in-addr.arpa/",
            "https://abc.onion/",
            "https://a.test/",
            "https://a.example/",
        ),
        *(
            "https://a.invalid/",
            "https://a.private/",
            "https://a.alt/",
            "https://host.docker.internal/",
        ),
        *("https://x.localhost:8443/", "https://x.localhost:443/"),
    ),
    "port": (
        *(
            "https://aplus.org:22/",
            "https://aplus.org:80/",
            "https://aplus.org:4222/",
            "https://aplus.org:5432/",
        ),
        *(
            "https://aplus.org:6379/",
            "https://aplus.org:8080/",
            "https://aplus.org:8443/",
            "https://aplus.org:9100/",
        ),
        *(
            "https://aplus.org:10250/",
            "https://aplus.org:65535/",
            "https://aplus.org:65536/",
            "https://aplus.org:99999/",
        ),
        *("https://aplus.org:444/", "https://aplus.org:4430/", "https://aplus.org:1/"),
    ),
}

#: What a name may not lead to: each stands for a network, its first and its last address mostly.
NUMBERS = (
    *("0.0.0.0", "0.0.0.1", "0.255.255.255", "10.0.0.0", "10.0.0.1", "10.255.255.255"),
    *(
        "100.64.0.0",
        "100.100.100.200",
        "100.127.255.255",
        "127.0.0.1",
        "127.0.0.53",
        "127.255.255.255",
    ),
    *("168.63.129.16", "169.254.0.1", "169.254.169.254", "169.254.170.2", "169.254.255.255"),
    *(
        "172.16.0.0",
        "172.17.0.1",
        "172.31.255.255",
        "192.0.0.1",
        "192.0.0.9",
        "192.0.0.192",
        "192.0.2.1",
    ),
    *(
        "192.31.196.1",
        "192.52.193.1",
        "192.88.99.1",
        "192.168.0.0",
        "192.168.255.255",
        "192.175.48.1",
    ),
    *(
        "198.18.0.0",
        "198.19.255.255",
        "198.51.100.1",
        "203.0.113.1",
        "224.0.0.1",
        "239.255.255.255",
    ),
    *("233.252.0.1", "240.0.0.1", "255.255.255.254", "255.255.255.255"),
    *(
        "::",
        "::1",
        "::2",
        "::127.0.0.1",
        "::8.8.8.8",
        "::ffff:127.0.0.1",
        "::ffff:8.8.8.8",
        "::ffff:0:8.8.8.8",
    ),
    *("64:ff9b::127.0.0.1", "64:ff9b::8.8.8.8", "64:ff9b:1::1", "100::1", "100:0:0:1::1", "200::1"),
    *("2001::1", "2001:0:4136:e378:8000:63bf:3fff:fdd2", "2001:1::1", "2001:2::1", "2001:3::1"),
    *("2001:4:112::1", "2001:10::1", "2001:20::1", "2001:30::1", "2001:1ff:ffff::1", "2001:db8::1"),
    *(
        "2002:7f00:1::1",
        "2002:a9fe:a9fe::1",
        "2002:808:808::1",
        "2620:4f:8000::1",
        "3ffe::1",
        "3fff::1",
    ),
    *(
        "4000::1",
        "5f00::1",
        "fc00::1",
        "fd00::1",
        "fd00:ec2::254",
        "fd20:ce::254",
        "fe80::1",
        "fe80::a9fe:a9fe",
    ),
    *("fe80::1%eth0", "2606:4700::1111%1", "fec0::1", "ff00::1", "ff02::1", "ff05::2", "ff0e::1"),
    *(
        "2a01:e0a::200:5efe:10.0.0.1",
        "2a01:e0a::5efe:127.0.0.1",
        "localhost",
        "",
        "0x7f.1",
        "8.8.8",
    ),
)

PUBLIC = ("8.8.8.8", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "172.15.255.255")
PUBLIC_6 = ("2001:4860:4860::8888", "2606:4700:4700::1111", "2a01:e0a::1", "2001:200::1")
