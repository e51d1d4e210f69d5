package dev.jmlx.engine.ops;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

final class BatchTest {
    @Test
    void putsSegmentsSideBySide() {
        var batch = new Batch(8, 2);
        batch.add(5, 10, new int[] {0, 7, 8, 9}, 1, 3, Batch.Logits.LAST);
        batch.add(2, 0, new int[] {4, 6}, 0, 2, Batch.Logits.ALL);
        assertThat(batch.tokenCount()).isEqualTo(5);
        assertThat(new int[] {batch.token(0), batch.token(2), batch.token(3)}).containsExactly(7, 9, 4);
        assertThat(new int[] {batch.position(0), batch.position(2), batch.position(4)})
                .containsExactly(10, 12, 1);
        assertThat(new int[] {batch.segmentStart(0), batch.segmentStart(1), batch.segmentStart(2)})
                .containsExactly(0, 3, 5);
        assertThat(new int[] {batch.segmentSlot(0), batch.segmentSlot(1)}).containsExactly(5, 2);
        assertThat(batch.logitCount()).isEqualTo(3);
        assertThat(new int[] {batch.logitRow(0), batch.logitRow(1), batch.logitRow(2)})
                .containsExactly(2, 3, 4);
        batch.clear();
        assertThat(batch.tokenCount() + batch.segmentCount() + batch.logitCount())
                .isZero();
    }

    @Test
    void refusesWhatDoesNotFit() {
        var batch = new Batch(2, 1);
        assertThatThrownBy(() -> batch.add(0, 0, new int[3], 0, 3, Batch.Logits.NONE))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("segment of 3 tokens does not fit");
    }
}
