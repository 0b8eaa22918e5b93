// The server offers uPlot's own ES module under vendor/uplot.js; these are its types.
import uPlot from 'uplot';

export default uPlot;
