package dev.countersign.policy;

/// One type of authorization details as this installation knows it.
///
/// @param name the `type` of the element
/// @param version what tells this meaning of the type from its earlier ones
/// @param shape what an accepted element looks like
/// @param schema what it must be like
/// @param sentence what people read about it
/// @param redaction what the ledger must not hold of it
/// @param narrowing in which members a token may be exchanged for less
record RegisteredType(
    String name,
    int version,
    Shape.Members shape,
    StrictSchema schema,
    Sentence sentence,
    Redaction redaction,
    Narrowing narrowing) {}
