// SPDX-License-Identifier: Apache-2.0
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.time.Instant;
import java.util.Arrays;

/** Reader PAGE: run from its source. Sums on several threads, with garbage to collect. */
public final class Reader {
	private static final VarHandle LONGS =
		MethodHandles.byteBufferViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
	/* As the page begins (tests/netns/readers.h). */
	private static final int ROUNDS = 0, SUMS = 8, WRONG = 16, STEPS_BACK = 24, WALL = 32,
		STEADY = 40;

	private static ByteBuffer page;

	private static void add(int at, long count) {
		LONGS.getAndAdd(page, at, count);
	}

	private static byte[] sum() throws Exception {
		byte[] text = new byte[16384];
		long seen = 0;

		for (int i = 0; i < text.length; i++) {
			text[i] = (byte) i;
			if (i % 64 == 0)
				seen |= System.currentTimeMillis() | System.nanoTime();
		}
		if (seen == 0)
			throw new IllegalStateException("no time");
		return MessageDigest.getInstance("SHA-256").digest(text);
	}

	private static void work(byte[] expected) {
		try {
			for (;;) {
				add(WRONG, Arrays.equals(sum(), expected) ? 0 : 1);
				add(SUMS, 1);
				Thread.sleep(0, 10000);
			}
		} catch (Exception failed) {
			add(WRONG, 1);
		}
	}

	public static void main(String[] arguments) throws Exception {
		try (FileChannel file = FileChannel.open(Path.of(arguments[0]), StandardOpenOption.READ,
			     StandardOpenOption.WRITE)) {
			page = file.map(FileChannel.MapMode.READ_WRITE, 0, 4096);
		}
		byte[] expected = sum();
		for (int i = 0; i < 3; i++)
			new Thread(() -> work(expected)).start();
		for (long before = 0;;) {
			long steady = System.nanoTime();
			Instant now = Instant.now();

			add(STEPS_BACK, steady < before ? 1 : 0);
			before = steady;
			LONGS.setVolatile(page, STEADY, steady);
			LONGS.setVolatile(
				page, WALL, now.getEpochSecond() * 1000000000 + now.getNano());
			add(ROUNDS, 1);
			Thread.sleep(1);
		}
	}
}
