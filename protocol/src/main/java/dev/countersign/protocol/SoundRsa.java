package dev.countersign.protocol;

import com.nimbusds.jose.jwk.RSAKey;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;

/// Which RSA keys of others we verify with: 2048 to 8192 bits, a usual exponent, and not drawn by
/// the generator of CVE-2017-15361 ("ROCA").
///
/// That generator's primes are of the form `k·M + 65537^a mod M`, so its moduli are a power of
/// 65537 modulo every small prime; a sound modulus looks like that once in about 2^27.
final class SoundRsa {
  private static final int MIN_BITS = 2048;
  private static final int MAX_BITS = 8192;
  private static final int MAX_EXPONENT_BITS = 64;
  private static final int GENERATOR = 65_537;
  private static final BigInteger MIN_EXPONENT = BigInteger.valueOf(GENERATOR);
  private static final int LARGEST_PRIME = 167;
  private static final List<Fingerprint> FINGERPRINTS = fingerprints();

  private SoundRsa() {}

  static boolean isSound(RSAKey key) {
    BigInteger modulus = key.getModulus().decodeToBigInteger();
    BigInteger exponent = key.getPublicExponent().decodeToBigInteger();
    return modulus.bitLength() >= MIN_BITS
        && modulus.bitLength() <= MAX_BITS
        && modulus.testBit(0)
        && exponent.compareTo(MIN_EXPONENT) >= 0
        && exponent.bitLength() <= MAX_EXPONENT_BITS
        && exponent.testBit(0)
        && !isOfBrokenGenerator(modulus);
  }

  private static boolean isOfBrokenGenerator(BigInteger modulus) {
    return FINGERPRINTS.stream()
        .allMatch(print -> print.powers.get(modulus.mod(print.prime).intValue()));
  }

  private static List<Fingerprint> fingerprints() {
    var prints = new ArrayList<Fingerprint>();
    for (int prime = 3; prime <= LARGEST_PRIME; prime += 2) {
      if (BigInteger.valueOf(prime).isProbablePrime(20)) {
        var powers = new BitSet(prime);
        for (int power = 1; !powers.get(power); power = power * GENERATOR % prime) {
          powers.set(power);
        }
        prints.add(new Fingerprint(BigInteger.valueOf(prime), powers));
      }
    }
    return List.copyOf(prints);
  }

  private record Fingerprint(BigInteger prime, BitSet powers) {}
}
