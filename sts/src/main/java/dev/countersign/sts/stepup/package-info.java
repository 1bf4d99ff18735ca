/// A person approves exactly one request: pending approvals, one-time codes, strikes.
@NullMarked
package dev.countersign.sts.stepup;

import org.jspecify.annotations.NullMarked;
