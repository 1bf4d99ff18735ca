/// What can go wrong between an identity provider, a client and the token service: short codes,
/// their causes and the one fix each, and how to recognise them.
@NullMarked
package dev.countersign.sts.diagnosis;

import org.jspecify.annotations.NullMarked;
