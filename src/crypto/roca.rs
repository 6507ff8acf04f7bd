//! ErrorContext RSA moduli made by the broken key generator of CVE-2017-15361 ("ROCA"), which can be factored.

/// The primes up to 167, whose product every such modulus was built on.
const PRIMES: [u32; 38] = [
    3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97, 101, 103,
    107, 109, 113, 127, 131, 137, 139, 149, 151, 157, 163, 167,
];

/// The generator that its prime factors are powers of, modulo each of the primes.
const GENERATOR: u32 = 65_537;

/// Whether the big-endian `modulus` is a power of the generator modulo every one of the primes. About one in 2^27 sound
/// moduli is, too, and its owner has to make another key.
pub(super) fn is_suspect(modulus: &[u8]) -> bool {
    PRIMES.iter().all(|&prime| is_power_of_generator(remainder(modulus, prime), prime))
}

/// `modulus` modulo a `prime` below 256.
fn remainder(modulus: &[u8], prime: u32) -> u32 {
    modulus.iter().fold(0, |remainder: u32, &byte| {
        // Stays below 2^17.
        remainder.wrapping_mul(256).wrapping_add(u32::from(byte)).checked_rem(prime).unwrap_or(0)
    })
}

fn is_power_of_generator(value: u32, prime: u32) -> bool {
    let mut power: u32 = 1;
    // The order of the generator divides `prime - 1`.
    for _ in 1..prime {
        if power == value {
            return true;
        }
        power = power.wrapping_mul(GENERATOR.checked_rem(prime).unwrap_or(0)).checked_rem(prime).unwrap_or(0);
    }
    false
}

#[cfg(test)]
mod tests {
    use super::{GENERATOR, PRIMES, is_suspect, remainder};

    #[test]
    fn powers_of_the_generator_are_suspect() {
        let mut power: u128 = 1;
        for _ in 0..7 {
            assert!(is_suspect(&power.to_be_bytes()), "{power}");
            power *= u128::from(GENERATOR);
        }
        assert!(!is_suspect(&(2_u128.pow(127) - 1).to_be_bytes()));
    }

    #[test]
    fn remainders_are_those_of_plain_arithmetic() {
        let number = 0x1234_5678_9abc_def0_1122_3344_5566_7788_u128;
        for prime in PRIMES {
            assert_eq!(u128::from(remainder(&number.to_be_bytes(), prime)), number % u128::from(prime));
        }
    }
}
