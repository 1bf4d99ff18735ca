/// The broker's wire: Vault's paths, envelope and errors.
@NullMarked
package dev.countersign.broker.http;

import org.jspecify.annotations.NullMarked;
