package dev.countersign.sts.stepup;

import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/// What step-up consists of, put together, for those who reach it by wire.
///
/// @param webAuthn null where passkeys are not set up
/// @param passesCodes whether a client is registered to pass codes on
/// @param formKey 32 secret bytes for the approval page's forms, the same at every replica
@SuppressWarnings("ArrayRecordComponent") // never compared, and handed out once
public record StepUpParts(
    StepUps stepUps,
    Answers answers,
    ApprovalWatch watch,
    PageVisits visits,
    Passkeys passkeys,
    @Nullable WebAuthn webAuthn,
    Predicate<String> passesCodes,
    byte[] formKey) {}
