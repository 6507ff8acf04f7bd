//! Signatures of one message, made with keys that serve nothing else and are lost.

use crate::alg::Algorithm;

/// What was signed.
pub(super) const MESSAGE: &[u8] = b"Does the host verify this?";

/// A signature of [`MESSAGE`].
#[derive(Debug)]
pub(super) struct Vector {
    pub(super) algorithm: Algorithm,
    /// A PEM document.
    pub(super) key: &'static str,
    /// In base64url.
    pub(super) signature: &'static str,
}

/// One for each algorithm with public keys. `openssl dgst` made them (with `rsa_pss_saltlen:-1` those of PSS), and `openssl
/// pkeyutl` that of Ed25519.
pub(super) const VECTORS: &[Vector] = &[
    Vector {
        algorithm: Algorithm::RS256,
        key: RSA,
        signature: concat!(
            "PZEDvnxOAVg793zB_ZB6_nH_mr9lF6FSQ8mI1JpGxkfA0oZP2J03VcairFcapkapHrbFZ-NfR0xi_E6khP7Mwy56vpiSXZJIXVT7",
            "p22hofYDp16DgOcZsxcwFik1Y1c21jhae_EmMVfOnWFIfb5mqx0LSi5A0c_srVGEYps7jSYnofqlw0EoA59Uw-7Z-GhGsk0hMA09",
            "DLt6Bf16EdWKf929w46sJsW7t9OuQtOdVUyQ6LjR6o_iUW8ewZk7ncEZcCgL6EEh0YEkG54z3fOx5Adne7ZkGMG9U-mWebK5uYou",
            "Jy4PLppAocSusIfcax-SZC1alh2KFKLNAKcUwvqhow",
        ),
    },
    Vector {
        algorithm: Algorithm::RS384,
        key: RSA,
        signature: concat!(
            "pFSeY0AQDRyofQR2vTOWevDHsjOf4BaTQJ3c8QSwfBYh-1XuRMOqKrLj3hkQpG5G1QIyGbDCj2VsjV3Th-tLBPq_Cyf4P_DeLXNz",
            "JPfp2-fKzJaPpEQPLaHasGsQFS-REx14HtjCICPwDPnI0U0aYjqnjl3N8yVJE7ZKDctzgrT3H8WD_QbDDU4lTM8RIQq19Qc2lfRA",
            "RDXhEfnnSNAbCQvuUyUl9cWN3PehjeXHpuoNLLIDvFWqPZBL2CZUj5mk_NF5vKaWOAKW-FL1c_cndfvFotUrJG1DdHNYf9JjD-Km",
            "ZwEJEL2d7FoBJIs9izXvrQQfYNYgwUQTX1i0QO2nYQ",
        ),
    },
    Vector {
        algorithm: Algorithm::RS512,
        key: RSA,
        signature: concat!(
            "WgIHb9POQ1uDRhvgicX7KHQ_5-Mi1w8FYz74cWFvZ9wfG75Jno7zScM2vhkrQ82Cu_J-jjRfiKa5mK5nZ9HI5WEnP6YJpJcu1AK0",
            "aetfoA4sQhtaXv9zNmIS-63cpqwIHodMkOaXJ3D2Q628r-ywUvx2fmXbHnaIa9En4vIqlNHiCSTB8SGWLoyDYAHj4XBUdh5ru80t",
            "G3GkP0gTvS25wDR44ofjTG1XmbvnPt9Zz5iiGB821iYayatcsEWRboTq3ZHHUy4Mc5_1HbPUW51GXDjpJc09FiJbhn8EciIJFuG0",
            "Yc_J3U80ctGOsDpFGVCzErp5mZ_IlPvwY868FrMJeA",
        ),
    },
    Vector {
        algorithm: Algorithm::PS256,
        key: RSA,
        signature: concat!(
            "f4XZRDhp7GDfF1gEpvSw_clhZ3PUOUrjclu6zmqWKSeQfjTGV7XETnlpf3TqnsTDcAUeloCPqUalMtLv6_Sc-vvwRA_faQhSeClp",
            "7dR1Aa2w1NR-HrwosQB9mVIRSF78_gYSuN_FBtxwEFehjO6zIdd092zRw8DBPBsbwz10Qk0OfxIxRRgpNKI78IjxXuoLHrNabBdR",
            "ay2AiLoA1FUPt1ZkwmN3iwWbWEDP5VJYsCWVlf7I5SRLF_VftYKBc1diA1G5_W76N-EUUKsT5c6NK9-DU-S011CPlaQtQJj6l36w",
            "zgkbiP7v5i8fNOiTcqxzo4sDzHO0nMSr73d0H7BPaQ",
        ),
    },
    Vector {
        algorithm: Algorithm::PS384,
        key: RSA,
        signature: concat!(
            "Z93srfMYL1TRz9myCqIqHpblrHZ2Me3o29KuZqBNbHWBDQxDabKfH30O8VoOlaVAd3Vh-V91fYdOrJGYdUkI9LDaC2cjjHxlUa-p",
            "nWYI6LZHxIaCjs4KCj-R_TeB6a57mNyTcLnTKxzsxCqBnw9Ha-VNT5Qs_LsmKNX-dI8BK0LlloFXXfCsb3dHzwPD-_Bcms3IOXCB",
            "zZ0gxw34ZWKmXqx7GHvGv1UuYIJ3vOR3oABiF901vp881iwz3oxcvJDvJISlBRreSCqpspHFH8SZcTgG-g21QBAA2q6SBiNeuQl1",
            "CVF03mT7MBaUM3RpxuCtckTxsqEUtsEoExLevHsT_g",
        ),
    },
    Vector {
        algorithm: Algorithm::PS512,
        key: RSA,
        signature: concat!(
            "j7c_7AM7P028naqFUbgtr6XsK1ahIl4Y20EalibNV3_VxvgmEUVP-kFzvWSrbHqwusqy8vxybBoh6caoE8DM9fQOvGKM-F41b6XG",
            "ckjJK66CxnESsUH47ByBE_6TExzp97J4Mgxs5j8bpXxEUDaQk3zJMsJe4_hoWormVAoV8n3MfYCPB535ixoIjA2JUs7UA1LBlJRh",
            "4_FKD7YzxqlCkcUuSScP5fhGeL-Qc4dIfY8eiaEvAi4f4lcIwvWbpxM-jB9xEdnP0okJdWruURnr6fyY1zvY4CAiiIcuJwrqiOJa",
            "zp1a80BbpCCPMpndeiorKlQe5GN5A3cEiRkJeIve6w",
        ),
    },
    Vector {
        algorithm: Algorithm::ES256,
        key: P_256,
        signature: "46QQmXBx5OjK3JGvbuxexoLtvsCv27gQ0KCzyVhs1PU3w3tfZ7aYWLS2pYVFr5aVFc7pfDedKTUYae8t-n4lMw",
    },
    Vector {
        algorithm: Algorithm::ES384,
        key: P_384,
        signature: concat!(
            "apyuhddBLB2j1l7qFJJTnCzBoyUym25QZ7fkzs_Hf1cE0D5IVvgFrWO2xLZv48f7bXyrAaD0lZis6FzIwiM6C-RbIau-lYF-MKNR",
            "aivpI6yYlTZK5L3446qbQ7MRbD3_",
        ),
    },
    Vector {
        algorithm: Algorithm::ES512,
        key: P_521,
        signature: concat!(
            "APlvS4KY3fpNI9NZ9_mTlImxyYQvHkb7pvolyvXuz_FfAQN6oYOIvt1cUUSfjZBS953SYLnpuLVeRgKh7UlFkq2dARLr6iYi12nr",
            "8EJ9Z3EUYZP_6o_0BaCgSP9gerJk3CQa-GTC833Psr8V1qhJV-vU6WXBdaGR_b6qNDNwZ3CKUETh",
        ),
    },
    Vector {
        algorithm: Algorithm::EdDSA,
        key: ED25519,
        signature: "f_8-Vp9xxix4Q3X6Fu_BzhhGTCzQzBPZvwy2JxQHeTC1btgyXYNfW_8hNlTcxLQbgRnIcGjpMXs2jMuQdHIkBg",
    },
    Vector {
        algorithm: Algorithm::Ed25519,
        key: ED25519,
        signature: "f_8-Vp9xxix4Q3X6Fu_BzhhGTCzQzBPZvwy2JxQHeTC1btgyXYNfW_8hNlTcxLQbgRnIcGjpMXs2jMuQdHIkBg",
    },
];

const RSA: &str = "-----BEGIN PUBLIC KEY-----
MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAxM7uJndlD/1tzPxc1SAH
2/yLE2FkzO6lTy3fJuHSOJf/3AtsmbZ8H6gNo0Uxa67ge/aWJkgHIk8lQxwdWUQM
1YIsVPNNEuGE8EXqu8i2E18YmkrE57qSWJJf9Ey9XmuLL+P7LmrfpohC887CFH9U
stzZGQnaoCfWp9yZOoGIKfAOX1D45lZljQmM992h5kF6dZx/Hv+mz0f4IvtMqzH0
fNNSBKabHVqQq1w7nQ4G/4FNnwGrpuH+ros3JspcOBpdpRz/hLLcsrIDitePnyd7
dXwcO4cVDJNZIfRWAMbIF/URq6h0LkZkVhcCJHWaox5gDMf7bzYnHq0o3Rm7wdn1
5wIDAQAB
-----END PUBLIC KEY-----
";

const P_256: &str = "-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEhsH7xIiwJ9scD9+jk5pvgDoICRH5
EqTuJ64u1rjHZynMjkpJ+EHGVopnSCvmrmASfq9GT8kjic/dKVWpGN6VPg==
-----END PUBLIC KEY-----
";

const P_384: &str = "-----BEGIN PUBLIC KEY-----
MHYwEAYHKoZIzj0CAQYFK4EEACIDYgAEsMp5hqssA0rvURDenIYudVxsDVUJOk1R
Bmd2gcK7LcVEOERxaFgKrsdl1wj918ln0W5mCPGEtxVqwFkPaanElNKb6zgMLmqa
09fcQVPGjfLkY18c1GICrCmVPaJmEu0O
-----END PUBLIC KEY-----
";

const P_521: &str = "-----BEGIN PUBLIC KEY-----
MIGbMBAGByqGSM49AgEGBSuBBAAjA4GGAAQB1lRjc4CbCNgzdWg0Fq1cN4a5LbRJ
aid6TzHVtzH/MOnWcm0+jnahkJ/GEouHc1cx/WxLSowi0l1a6U5CVE/lIUYBaBIU
/7GlMGrqb0QqEY/jij7dQtEIDmpbqm7xacP91wXxBz0pfqB+HnoCJh0Dk7OVOJ0f
/6jz/wdLUpy8f0iMlBM=
-----END PUBLIC KEY-----
";

const ED25519: &str = "-----BEGIN PUBLIC KEY-----
MCowBQYDK2VwAyEAPlygTePXD8Dw6GBSeu0bHRP53Yg9AQLB/WvSXOFS900=
-----END PUBLIC KEY-----
";
