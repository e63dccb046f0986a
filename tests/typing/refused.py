"""What ``mypy --strict`` must refuse, one mistake in each marked line. Read by mypy only."""

from pydl4j_spark import InputType, MultiLayerConfiguration
from pydl4j_spark.layers import ConvolutionLayer, DenseLayer, OutputLayer
from pydl4j_spark.updaters import Adam

DenseLayer()  # wrong
DenseLayer(5)  # wrong
DenseLayer(n_out="5")  # wrong
DenseLayer(nout=5)  # wrong
DenseLayer(n_out=5, activation=3)  # wrong
DenseLayer(n_out=5, updater=0.1)  # wrong
DenseLayer(n_out=5, dropout="half")  # wrong
ConvolutionLayer(n_out=5, kernel_size="3")  # wrong
ConvolutionLayer(n_out=5, kernel_size=3.0)  # wrong
Adam("0.1")  # wrong
Adam(0.1).learning_rate = 0.2  # wrong
InputType.recurrent("5")  # wrong
MultiLayerConfiguration(OutputLayer(n_out=3), input_type=4)  # wrong
MultiLayerConfiguration([3])  # wrong
