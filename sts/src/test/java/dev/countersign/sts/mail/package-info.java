/// Tests of mail.
@NullMarked
package dev.countersign.sts.mail;

import org.jspecify.annotations.NullMarked;
