//! The fingerprint of RSA keys from a broken generator (CVE-2017-15361, "ROCA"): such a modulus
//! is a power of 65537 modulo every small prime, which a sound one is with odds below 2^-27.
//! Its private key can be found by anyone, so what it signs proves nothing.

const PRIMES: [u32; 38] = [
    3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97,
    101, 103, 107, 109, 113, 127, 131, 137, 139, 149, 151, 157, 163, 167,
];

pub(super) fn is_roca(modulus: &[u8]) -> bool {
    PRIMES.iter().all(|prime| {
        let residue = modulus.iter().fold(0, |sum, octet| (sum * 256 + u32::from(*octet)) % prime);
        is_power_of_generator(residue, *prime)
    })
}

fn is_power_of_generator(residue: u32, prime: u32) -> bool {
    let generator = 65537 % prime;
    let mut power = 1;
    for _ in 0..prime {
        if power == residue {
            return true;
        }
        power = power * generator % prime;
    }
    false
}
