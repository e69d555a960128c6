//! A hash that is the same on every machine and in every release, which std's `Hasher` does not guarantee.
//!
//! FNV-1a: results are stored and compared later. It does not resist an attacker who chooses the input; the ids that are hashed
//! here are random.

/// FNV-1a of 32 bits.
pub fn hash_32(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0x811c_9dc5, |hash: u32, byte| (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193))
}

/// FNV-1a of 64 bits. For texts that differ in their last letters the upper bits differ little: see [`spread_64`].
pub fn hash_64(bytes: &[u8]) -> u64 {
    const BASIS: u64 = 0xcbf2_9ce4_8422_2325;
    const PRIME: u64 = 0x0000_0100_0000_01b3;
    bytes.iter().fold(BASIS, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(PRIME))
}

/// FNV-1a of 128 bits. Here, too, the last letters alone change the upper bits only a little.
pub fn hash_128(bytes: &[u8]) -> u128 {
    const BASIS: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
    const PRIME: u128 = 0x0000_0000_0100_0000_0000_0000_0000_013b;
    bytes.iter().fold(BASIS, |hash, byte| (hash ^ u128::from(*byte)).wrapping_mul(PRIME))
}

/// [`hash_64`], spread evenly over all 64 bits by MurmurHash3's finalizer.
pub fn spread_64(bytes: &[u8]) -> u64 {
    let stir = |hash: u64, by: u64| (hash ^ (hash >> 33)).wrapping_mul(by);
    let stirred = stir(stir(hash_64(bytes), 0xff51_afd7_ed55_8ccd), 0xc4ce_b9fe_1a85_ec53);
    stirred ^ (stirred >> 33)
}

#[cfg(test)]
mod tests {
    use super::*;

    // Source: the test vectors that the authors of FNV publish.
    #[test]
    fn the_published_test_vectors_are_reproduced() {
        assert_eq!([b"".as_slice(), b"a", b"foobar"].map(hash_32), [0x811c_9dc5, 0xe40c_292c, 0xbf9c_f968]);
        assert_eq!(
            [b"".as_slice(), b"a", b"foobar"].map(hash_64),
            [0xcbf2_9ce4_8422_2325, 0xaf63_dc4c_8601_ec8c, 0x8594_4171_f739_67e8]
        );
        assert_eq!(
            [b"".as_slice(), b"a", b"foobar"].map(hash_128),
            [
                0x6c62_272e_07bb_0142_62b8_2175_6295_c58d,
                0xd228_cb69_6f1a_8caf_7891_2b70_4e4a_8964,
                0x343e_1662_793c_64bf_6f0d_3597_ba44_6f18,
            ]
        );
    }

    // Calculated before the code was moved here.
    #[test]
    fn a_spread_is_the_same_in_every_release() {
        assert_eq!(
            [b"".as_slice(), b"a", b"foobar"].map(spread_64),
            [0xefd0_1f60_ba99_2926, 0x82a2_a958_a9be_ce5b, 0x2c22_1949_22d1_672b]
        );
    }
}
