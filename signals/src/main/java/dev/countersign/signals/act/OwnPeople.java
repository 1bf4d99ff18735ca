package dev.countersign.signals.act;

import dev.countersign.signals.SubjectId;

/// The people of our own transmitter: named by our token service's issuer and its subject key.
///
/// @param issuer the token service's
record OwnPeople(String issuer) implements Whom {

  @Override
  public Answer of(SubjectId subject) {
    return switch (subject) {
      case SubjectId.IssuerAndSubject(String iss, String sub) when iss.equals(issuer) ->
          new Answer.Known(sub);
      case SubjectId.IssuerAndSubject _ ->
          new Answer.Refused(
              new SetError(
                  SetError.Code.ACCESS_DENIED,
                  "the transmitter may not speak about subjects of this `iss`"));
      case SubjectId.Opaque _, SubjectId.Other _ ->
          new Answer.Refused(
              new SetError(
                  SetError.Code.INVALID_REQUEST, "`sub_id` must name a person by `iss_sub`"));
    };
  }
}
