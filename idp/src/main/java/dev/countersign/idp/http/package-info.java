/// The HTTP side of both identity providers: sign-in pages, endpoints, revocation APIs.
@NullMarked
package dev.countersign.idp.http;

import org.jspecify.annotations.NullMarked;
