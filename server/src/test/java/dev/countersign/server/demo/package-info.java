/// Tests of what the demo and the commands share: sign-in at the providers for development.
@NullMarked
package dev.countersign.server.demo;

import org.jspecify.annotations.NullMarked;
