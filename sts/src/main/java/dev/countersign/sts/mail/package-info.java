/// One-time codes by mail.
@NullMarked
package dev.countersign.sts.mail;

import org.jspecify.annotations.NullMarked;
