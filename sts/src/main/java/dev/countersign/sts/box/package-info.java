/// Where the token service is put together.
@NullMarked
package dev.countersign.sts.box;

import org.jspecify.annotations.NullMarked;
